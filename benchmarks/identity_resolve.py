"""A million identities on disk: what it costs a turn to know whose one is; whether memory grows.

Each is linked to another, so that every turn reads a record, and an allowlist is asked as well.
Read is a random one each time, which nothing has at hand. `bare` is a key that is only computed.
"""

import asyncio
import gc
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psutil

from agent_host.identity.access_policy import AuthPolicy, HostAccessPolicy
from agent_host.identity.allowlist.function import CallableAllowlist
from agent_host.identity.derived_resolver import DerivedIdentityResolver
from agent_host.identity.key import identity_key
from agent_host.identity.link_book import LINKS_MARK
from agent_host.identity.option import PeopleOptions
from agent_host.identity.people import People
from agent_host.identity.person import Person
from agent_host.identity.person_record import PersonRecords
from agent_host.protocols.state_store import StateStore
from agent_host.stores.disk import DiskStateStore
from agent_host.system import SystemClock
from agent_host.types import ABSENT, ChannelIdentity, Put, Write
from agent_host.types.decision import Allowed
from agent_host.types.identity import KnownIdentity
from benchmarks.outcome import Goal, Outcome

IDENTITIES: Final = 1_000_000
TURNS: Final = 20_000
WARM_UP: Final = 20_000
_AT_ONCE: Final = 20_000
_TENANT: Final = "default"
_MICRO: Final = 1_000_000
_MIB: Final = 1024 * 1024


def run() -> Outcome:
    """Fill a store, then resolve and authorize."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder)))


async def _measure(folder: Path) -> Outcome:
    async with DiskStateStore(folder) as store:
        began = time.perf_counter()
        await _fill(store)
        filled_in = time.perf_counter() - began
        people = _people(store)
        async with people.registry:
            await _turns(people, WARM_UP)
            gc.collect()
            before = psutil.Process().memory_info().rss
            ours = await _turns(people, TURNS)
            gc.collect()
            growth = psutil.Process().memory_info().rss - before
    bare = await _keys(TURNS)
    return Outcome(
        name="identity_resolve",
        ours=ours,
        bare=bare,
        ratio=ours / bare,
        unit="microseconds of CPU per turn",
        goals=[
            Goal(name="cpu_microseconds", value=ours, limit=300, side="at_most"),
            Goal(name="growth_mib", value=growth / _MIB, limit=32, side="at_most"),
        ],
        details={
            "identities": IDENTITIES,
            "turns": TURNS,
            "filled_in_seconds": round(filled_in, 1),
        },
    )


def _people(store: StateStore) -> People:
    listed = CallableAllowlist(lambda visitor: visitor.binding.is_linked)
    access = HostAccessPolicy(policy=AuthPolicy(allowlist=listed))
    return People(
        PeopleOptions(access=access),
        store=store,
        resolver=DerivedIdentityResolver(),
        clock=SystemClock(),
        channels=(),
    )


async def _turns(people: People, count: int) -> float:
    chosen = [_identity(random.randrange(IDENTITIES)) for _ in range(count)]  # noqa: S311
    began = time.process_time()
    for identity in chosen:
        decision = await people.authorize(identity)
        assert isinstance(decision, Allowed)
    return (time.process_time() - began) / count * _MICRO


async def _keys(count: int) -> float:
    resolver = DerivedIdentityResolver()
    chosen = [_identity(number) for number in range(count)]
    began = time.process_time()
    for identity in chosen:
        await resolver.resolve_identity(identity)
    return (time.process_time() - began) / count * _MICRO


async def _fill(store: StateStore) -> None:
    batch: list[Write] = [Put(LINKS_MARK, b"")]
    for write in _writes(PersonRecords(store)):
        batch.append(write)
        if len(batch) >= _AT_ONCE:
            await store.commit(batch)
            batch.clear()
    await store.commit(batch)


def _writes(records: PersonRecords) -> Iterator[Write]:
    now = datetime.now(UTC)
    for number in range(0, IDENTITIES, 2):
        members = tuple(
            KnownIdentity(identity=identity, linked_at=now, natural_key=identity_key(identity))
            for identity in (_identity(number), _identity(number + 1))
        )
        person = Person(members=members)
        # Who else is one with them is asked for by views and deliveries, and by no turn.
        for key in person.natural_keys:
            yield records.put_binding(_TENANT, person, key, now, expect=ABSENT)


def _identity(number: int) -> ChannelIdentity:
    return ChannelIdentity(channel="chat", account="bot", native_id=str(number))


__all__ = ["run"]
