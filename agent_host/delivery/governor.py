"""Keeps to what platforms allow, over all processes of a store: one record for each account."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Final

from agent_host.codec import VersionedCodec
from agent_host.delivery.place import account_of, lane_of
from agent_host.delivery.rate import NOW, AccountRate, Verdict, paused, take
from agent_host.delivery.record import WHOLE, Turn
from agent_host.errors import ConflictError
from agent_host.protocols.clock import Clock
from agent_host.protocols.state_store import StateStore
from agent_host.quarantine import make_out
from agent_host.types.delivery import Destination, PushRate
from agent_host.types.principal import Owner
from agent_host.types.store import ABSENT, Key, Put, Record

COLLECTION: Final = "delivery_rate"
TRIES: Final = 16

_CODEC: Final = VersionedCodec("delivery_rate", 1, AccountRate)
_KEPT: Final = timedelta(hours=1)
_RANDOM: Final = SystemRandom()
_FREE: Final = Verdict(AccountRate())
_BUSY: Final = timedelta(milliseconds=250)


class Governor:
    """Asked before every attempt."""

    def __init__(self, store: StateStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def take(
        self, destination: Destination, person: Owner, rate: PushRate | None, *, turn: Turn | None
    ) -> Verdict:
        """Whether a push may go now, else how long to wait and what it has then."""
        if rate is None and await self._store.get(_key(destination)) is None:
            return _FREE

        def ask(state: AccountRate, now: datetime) -> Verdict:
            place = lane_of(destination)
            return take(state, rate, place=place, person=person.partition, turn=turn, now=now)

        return await self._change(destination, ask)

    async def pause(self, destination: Destination, until: datetime) -> None:
        """The platform wants nothing by this account until then."""

        def stop(state: AccountRate, now: datetime) -> Verdict:
            return Verdict(paused(state, until, now))

        await self._change(destination, stop)

    async def _change(
        self, destination: Destination, change: Callable[[AccountRate, datetime], Verdict]
    ) -> Verdict:
        key = _key(destination)
        for _ in range(TRIES):
            record = await self._store.get(key)
            state: AccountRate | None = AccountRate()
            if record is not None:
                state = await make_out(self._store, record, _read)
            if state is None:
                continue  # it was set aside, and begins anew
            now = self._clock.now()
            verdict = change(state, now)
            if verdict.state == state:
                return verdict
            ends = (verdict.state.paused_until or now) - now
            written = Put(
                key,
                _CODEC.encode_own(verdict.state),
                ABSENT if record is None else record.version,
                max(ends, NOW) + _KEPT,
            )
            try:
                await self._store.commit([written])
            except ConflictError:
                continue
            return verdict
        # Others send by this account right now, and each of them had its way.
        return Verdict(AccountRate(), _BUSY * (1 + _RANDOM.random()))


def _key(destination: Destination) -> Key:
    return Key(COLLECTION, WHOLE, account_of(destination))


def _read(record: Record) -> AccountRate:
    return _CODEC.decode(record.value)


__all__ = ["COLLECTION", "Governor"]
