"""Written anew: nothing of what was deleted is left in the disk store's files."""

import random
import sqlite3
from pathlib import Path

import pytest

from agent_host.errors import StoreError
from agent_host.protocols.scrub import ScrubbingStore
from agent_host.stores.disk import DiskStateStore
from agent_host.types import Append, Delete, DeleteStream, IsolationKey, Key, Owner, Put
from agent_host.types.store import SetAside
from tests.host.life import found_in

MARK = "plumtomato"


async def fill(store: DiskStateStore, whose: str, mark: str) -> None:
    """Write over each other, in all sizes, so that pages are split and moved."""
    chance = random.Random(whose)  # noqa: S311 - no secret
    for number in range(150):
        size = chance.choice((10, 100, 1_500, 6_000))
        value = f"{mark}{number}".encode() + chance.randbytes(size)
        key = Key(chance.choice("abc"), whose, str(chance.randrange(60)))
        await store.commit([Put(key, value), Append(key, (value, value[:50]))])
        if number % 7 == 0:
            await store.commit([Delete(key), DeleteStream(key)])


async def test_nothing_is_left_and_others_have_all(tmp_path: Path) -> None:
    async with DiskStateStore(tmp_path) as store:
        assert isinstance(store, ScrubbingStore)
        for whose in ("alice", "bob"):
            await fill(store, whose, MARK if whose == "alice" else "other")
        kept = {
            (name, record.key.id): record.value
            for name in "abc"
            for record in await store.scan(name, "bob", limit=1000)
        }
        for name in "abc":
            for number in range(60):
                key = Key(name, "alice", str(number))
                await store.commit([Delete(key), DeleteStream(key)])
        assert found_in(tmp_path, MARK)
        await store.scrub()
        assert found_in(tmp_path, MARK) == {}
        assert kept == {
            (name, record.key.id): record.value
            for name in "abc"
            for record in await store.scan(name, "bob", limit=1000)
        }


async def test_a_reader_that_holds_the_log_is_said(tmp_path: Path) -> None:
    async with DiskStateStore(tmp_path) as store:
        await store.commit([Put(Key("a", "b", "c"), MARK.encode())])
        other = sqlite3.connect(tmp_path / "state.db")
        try:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM records").fetchone()
            with pytest.raises(StoreError):
                await store.scrub()
        finally:
            other.close()
        await store.scrub()
        record = await store.get(Key("a", "b", "c"))
        assert record is not None


async def test_only_an_owners_own_are_dropped_from_what_was_set_aside(tmp_path: Path) -> None:
    alice = Owner(tenant="t", isolation_key=IsolationKey("iso_alice"))
    bob = Owner(tenant="t", isolation_key=IsolationKey("iso_bob"))
    async with DiskStateStore(tmp_path) as store:
        for owner in (alice, bob):
            key = Key("a", owner.partition, "1")
            named = Key("all", "all", owner.isolation_key)
            await store.commit([Put(key, b"?"), Put(named, owner.isolation_key.encode())])
            for place in (key, named):
                await store.commit([SetAside(place, 1, "damaged")])
        assert await store.drop_unreadable(alice) == 2
        assert {one.key.partition for one in await store.quarantined()} == {bob.partition, "all"}
