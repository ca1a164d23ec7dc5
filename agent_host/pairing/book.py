"""Invites strangers, keeps who waits, and does what operators say."""

import asyncio
import logging
import secrets
from collections import OrderedDict
from datetime import timedelta
from math import inf
from typing import Final

from agent_host.errors import ConflictError, NotFoundError, StoreError
from agent_host.linking.code import CodeForm, read_code, slow_digest
from agent_host.pairing.code import code_of
from agent_host.pairing.record import (
    PairingRecords,
    WaitingPairing,
    pairing_id,
)
from agent_host.protocols.clock import Clock
from agent_host.protocols.state_store import StateStore
from agent_host.rate import Rate, RateLimit
from agent_host.types.page import Page
from agent_host.types.pairing import Pairing, PairingPolicy, PairingRequest, PairingVerdict
from agent_host.types.principal import ChannelIdentity

_INVITATION: Final = (
    "This agent does not know you yet. Tell whoever runs it this code: {code}. It holds for "
    "{minutes} minutes."
)
_CONTEXT: Final = "pairing"
_SECRET_BYTES: Final = 32
_REMEMBERED: Final = 4096
_PAUSE_SECONDS: Final = 60.0
_BREAK: Final = "/"

logger = logging.getLogger(__name__)


class PairingBook:
    """The `PairingDoor` and `PairingOperator` of a host."""

    def __init__(self, store: StateStore, policy: PairingPolicy, clock: Clock) -> None:
        self._store = store
        self._policy = policy
        self._clock = clock
        self._records = PairingRecords(store, policy)
        self._secret = secrets.token_bytes(_SECRET_BYTES)
        rate = Rate(count=policy.requests_per_minute, per=timedelta(minutes=1))
        self._rate = RateLimit(rate, clock.monotonic)
        self._shown: OrderedDict[str, tuple[str, float]] = OrderedDict()

    async def is_approved(self, identity: ChannelIdentity) -> bool:
        """Whether an operator let this very identity in. One read."""
        found = await self._records.decision(pairing_id(identity))
        return (
            found is not None
            and found.verdict is PairingVerdict.APPROVED
            and found.identity == identity
        )

    async def invite(self, identity: ChannelIdentity) -> str | None:
        """What to tell somebody who was refused in private."""
        if identity.channel not in self._policy.channels:
            return None
        seconds = self._policy.time_to_live.total_seconds()
        period = int(self._clock.now().timestamp() // seconds)
        code = code_of(identity, secret=self._secret, period=period)
        found = pairing_id(identity)
        if self._is_due(found, code):
            # Whatever comes of it is not for the stranger to know.
            try:
                is_kept = await self._let_wait(identity, found, code)
            except StoreError as error:
                logger.warning("a pairing request is not kept: %s", error.code)
                is_kept = False
            self._remember(found, code, is_kept=is_kept)
        return _INVITATION.format(code=code, minutes=max(1, round(seconds / 60)))

    async def waiting(self, *, cursor: str | None = None, limit: int = 50) -> Page[PairingRequest]:
        """Who waits, by channel and id."""
        channel, _, after = (cursor or "").partition(_BREAK)
        found: list[PairingRequest] = []
        for name in sorted(self._policy.channels):
            if name < channel:
                continue
            behind = after if name == channel else None
            records = await self._records.all_waiting(
                name, after=behind or None, limit=limit - len(found) + 1
            )
            for record in records:
                if len(found) == limit:
                    last = found[-1]
                    cursor = f"{last.identity.channel}{_BREAK}{last.id}"
                    return Page(items=tuple(found), next_cursor=cursor)
                kept = await self._records.waiting(name, record.key.id)
                if kept.waiting is not None:
                    found.append(_to_request(record.key.id, kept.waiting))
        return Page(items=tuple(found))

    async def decided(self, *, cursor: str | None = None, limit: int = 50) -> Page[Pairing]:
        """Who was let in or kept out, by id."""
        return await self._records.decisions(cursor=cursor, limit=limit)

    async def decide(self, code: str, verdict: PairingVerdict, *, by: str) -> Pairing:
        """Let in, or keep out, whoever was shown this code."""
        said = read_code(code, CodeForm.SHORT)
        if said is None:
            raise NotFoundError("code")
        kept = await self._records.by_code(await asyncio.to_thread(slow_digest, said, _CONTEXT))
        if kept.waiting is None:
            raise NotFoundError("code")
        identity = kept.waiting.identity
        pairing = Pairing(
            id=pairing_id(identity),
            identity=identity,
            verdict=verdict,
            decided_at=self._clock.now(),
            decided_by=by,
        )
        over = self._records.delete_waiting(kept.waiting, expect=kept.version)
        try:
            await self._store.commit([self._records.put_decision(pairing), *over])
        except ConflictError as error:
            raise NotFoundError("code") from error  # it was used at the same moment
        self._shown.pop(pairing.id, None)
        return pairing

    async def revoke(self, pairing_id: str) -> None:
        """Take back what was said."""
        if await self._records.decision(pairing_id) is None:
            raise NotFoundError("pairing")
        await self._store.commit([self._records.delete_decision(pairing_id)])
        self._shown.pop(pairing_id, None)

    def _is_due(self, found: str, code: str) -> bool:
        """Whether to see to this request: not twice for one code, nor often where it is in vain."""
        shown, again_at = self._shown.get(found, ("", 0.0))
        return shown != code or self._clock.monotonic() >= again_at

    def _remember(self, found: str, code: str, *, is_kept: bool) -> None:
        again_at = inf if is_kept else self._clock.monotonic() + _PAUSE_SECONDS
        self._shown[found] = (code, again_at)
        self._shown.move_to_end(found)
        if len(self._shown) > _REMEMBERED:
            self._shown.popitem(last=False)

    async def _let_wait(self, identity: ChannelIdentity, found: str, code: str) -> bool:
        """Keep a request, unless they were denied, or there are too many; whether it is kept."""
        if self._rate.take(identity.channel):
            logger.warning("too many ask to be paired on %s", identity.channel)
            return False
        typed = read_code(code, CodeForm.SHORT) or code
        digest = await asyncio.to_thread(slow_digest, typed, _CONTEXT)
        if await self._records.decision(found) is not None:
            return False
        kept = await self._records.waiting(identity.channel, found)
        if kept.waiting is None and await self._records.is_full(identity.channel):
            logger.warning("too many wait to be paired on %s", identity.channel)
            return False
        now = self._clock.now()
        waiting = WaitingPairing(
            identity=identity,
            code_digest=digest,
            requested_at=now,
            expires_at=now + self._policy.time_to_live,
        )
        former = kept.waiting
        await self._store.commit(
            [
                *(() if former is None else (self._records.delete_code(former.code_digest),)),
                *self._records.put_waiting(waiting, expect=kept.version),
            ]
        )
        logger.info("somebody asks to be paired on %s: %s", identity.channel, found)
        return True


def _to_request(found: str, waiting: WaitingPairing) -> PairingRequest:
    return PairingRequest(
        id=found,
        identity=waiting.identity,
        requested_at=waiting.requested_at,
        expires_at=waiting.expires_at,
    )


__all__ = ["PairingBook"]
