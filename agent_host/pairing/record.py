"""Pairings in the store: who waits, by which code, and what was said of whom."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from agent_host.codec import VersionedCodec
from agent_host.errors import UnreadableRecordError
from agent_host.linking.code import fast_digest
from agent_host.protocols.state_store import StateStore
from agent_host.types.page import Page
from agent_host.types.pairing import PAIRING_PREFIX, Pairing, PairingPolicy, PairingVerdict
from agent_host.types.principal import ChannelIdentity
from agent_host.types.store import ABSENT, Delete, Key, Put, Record

DECISION: Final = "pairing"
REQUEST: Final = "pairing_request"
CODE: Final = "pairing_code"
WHOLE: Final = "all"
_ID_DIGITS: Final = 40

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingPairing:
    """The stored form of a request. The code is kept as a slow hash."""

    identity: ChannelIdentity
    code_digest: str
    requested_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePlace:
    """Which request a code is of."""

    channel: str
    id: str


class KeptWaiting(NamedTuple):
    """A request at a version; None and `ABSENT` where there is none."""

    waiting: WaitingPairing | None
    version: int


DECISION_CODEC: Final = VersionedCodec("pairing", 1, Pairing)
REQUEST_CODEC: Final = VersionedCodec("pairing_request", 1, WaitingPairing)
CODE_CODEC: Final = VersionedCodec("pairing_code", 1, CodePlace)


def pairing_id(identity: ChannelIdentity) -> str:
    """The same for one identity each time, and for no two."""
    digest = fast_digest(identity.tenant, identity.channel, identity.account, identity.native_id)
    return PAIRING_PREFIX + digest[:_ID_DIGITS]


class PairingRecords:
    """Reads and builds records."""

    def __init__(self, store: StateStore, policy: PairingPolicy) -> None:
        self._store = store
        self._policy = policy

    def put_decision(self, pairing: Pairing) -> Put:
        """The write that says what was said; an approval is kept until it is taken back."""
        denied = pairing.verdict is PairingVerdict.DENIED
        time_to_live = self._policy.denial_time if denied else None
        place = Key(DECISION, WHOLE, pairing.id)
        return Put(place, DECISION_CODEC.encode(pairing), None, time_to_live)

    def put_waiting(self, waiting: WaitingPairing, *, expect: int) -> tuple[Put, Put]:
        """The writes that let somebody wait, findable by their code."""
        channel, found = waiting.identity.channel, pairing_id(waiting.identity)
        left: timedelta = waiting.expires_at - waiting.requested_at
        code = CODE_CODEC.encode(CodePlace(channel=channel, id=found))
        return (
            Put(Key(REQUEST, channel, found), REQUEST_CODEC.encode(waiting), expect, left),
            Put(Key(CODE, WHOLE, waiting.code_digest), code, ABSENT, left),
        )

    @staticmethod
    def delete_decision(found: str) -> Delete:
        """The write that takes it back."""
        return Delete(Key(DECISION, WHOLE, found))

    @staticmethod
    def delete_waiting(waiting: WaitingPairing, *, expect: int) -> tuple[Delete, Delete]:
        """The writes that end the wait, and its code with it."""
        place = Key(REQUEST, waiting.identity.channel, pairing_id(waiting.identity))
        return (Delete(place, expect), PairingRecords.delete_code(waiting.code_digest))

    @staticmethod
    def delete_code(code_digest: str) -> Delete:
        """The write that makes a code lead nowhere."""
        return Delete(Key(CODE, WHOLE, code_digest))

    async def decision(self, found: str) -> Pairing | None:
        """What was said of somebody. One read."""
        record = await self._store.get(Key(DECISION, WHOLE, found))
        return None if record is None else DECISION_CODEC.decode(record.value)

    async def waiting(self, channel: str, found: str) -> KeptWaiting:
        """Somebody's request."""
        record = await self._store.get(Key(REQUEST, channel, found))
        if record is None:
            return KeptWaiting(None, ABSENT)
        return KeptWaiting(REQUEST_CODEC.decode(record.value), record.version)

    async def by_code(self, code_digest: str) -> KeptWaiting:
        """The request that a code is of."""
        record = await self._store.get(Key(CODE, WHOLE, code_digest))
        if record is None:
            return KeptWaiting(None, ABSENT)
        place = CODE_CODEC.decode(record.value)
        kept = await self.waiting(place.channel, place.id)
        if kept.waiting is None or kept.waiting.code_digest != code_digest:
            return KeptWaiting(None, ABSENT)
        return kept

    async def is_full(self, channel: str) -> bool:
        """Whether no more may wait, there or at all."""
        policy = self._policy
        here = await self._store.scan(REQUEST, channel, limit=policy.pending_limit_per_channel)
        if len(here) >= policy.pending_limit_per_channel:
            return True
        everywhere = await self._store.scan(CODE, WHOLE, limit=policy.pending_limit)
        return len(everywhere) >= policy.pending_limit

    async def all_waiting(self, channel: str, *, after: str | None, limit: int) -> list[Record]:
        """Requests on one channel, by id."""
        return [*await self._store.scan(REQUEST, channel, after=after, limit=limit)]

    async def decisions(self, *, cursor: str | None, limit: int) -> Page[Pairing]:
        """All of them, by id."""
        found = await self._store.scan(DECISION, WHOLE, after=cursor, limit=limit + 1)
        shown = found[:limit]
        pairings = (_readable(record) for record in shown)
        return Page(
            items=tuple(one for one in pairings if one is not None),
            next_cursor=shown[-1].key.id if len(found) > limit else None,
        )


def _readable(record: Record) -> Pairing | None:
    try:
        return DECISION_CODEC.decode(record.value)
    except UnreadableRecordError as error:
        logger.error("pairing %s cannot be listed: %s", record.key.id, error.code)  # noqa: TRY400
        return None


__all__ = [
    "CODE",
    "DECISION",
    "REQUEST",
    "REQUEST_CODEC",
    "WHOLE",
    "CodePlace",
    "KeptWaiting",
    "PairingRecords",
    "WaitingPairing",
    "pairing_id",
]
