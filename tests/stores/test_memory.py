"""The memory store's own promises: its bound, what it evicts, and that nothing else grows."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import psutil
import pytest

from agent_host.errors import StoreFullError, StoreUnavailableError
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_fixture import MINUTE, SECOND, key, let_others_run
from agent_host.types.store import Append, Delete, DeleteStream, Key, Put

LIMIT_BYTES = 100_000
KILOBYTES_10 = b"x" * 10_000
HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def store(clock: ManualClock) -> AsyncIterator[MemoryStateStore]:
    async with MemoryStateStore(clock=clock, limit_bytes=LIMIT_BYTES) as store:
        yield store


async def kept(store: MemoryStateStore) -> list[str]:
    return [record.key.id for record in await store.scan("c", "p")]


async def test_says_what_it_is(store: MemoryStateStore) -> None:
    assert not store.durable
    assert not store.shared


async def test_evicts_what_was_written_longest_ago(store: MemoryStateStore) -> None:
    for name in "abcdefgh":
        await store.commit([Put(key(name), KILOBYTES_10, time_to_live=HOUR)])
    await store.commit([Put(key("a"), KILOBYTES_10, time_to_live=HOUR)])
    await store.get(key("b"))
    await store.commit([Append(key("s"), (KILOBYTES_10, KILOBYTES_10), time_to_live=HOUR)])
    assert await kept(store) == ["a", "c", "d", "e", "f", "g", "h"]
    assert store.size_bytes <= LIMIT_BYTES


async def test_streams_are_evicted_whole(store: MemoryStateStore) -> None:
    await store.commit([Append(key("s"), (b"1", b"2"), time_to_live=HOUR)])
    for number in range(20):
        await store.commit([Put(key(str(number)), KILOBYTES_10, time_to_live=HOUR)])
    assert (await store.read(key("s"))).length == 0
    assert await store.commit([Append(key("s"), (b"3",), expect=0)]) == (1,)


async def test_never_evicts_what_has_no_time_to_live(store: MemoryStateStore) -> None:
    for number in range(5):
        await store.commit([Put(key(f"kept{number}"), KILOBYTES_10)])
    for number in range(50):
        await store.commit([Put(key(f"x{number}"), KILOBYTES_10, time_to_live=HOUR)])
    names = await kept(store)
    assert names[:5] == [f"kept{number}" for number in range(5)]
    assert 1 <= len(names) - 5 <= 4


async def test_a_record_that_is_kept_again_is_safe(store: MemoryStateStore) -> None:
    await store.commit([Put(key("a"), KILOBYTES_10, time_to_live=HOUR)])
    await store.commit([Put(key("a"), KILOBYTES_10)])
    for number in range(50):
        await store.commit([Put(key(f"x{number}"), KILOBYTES_10, time_to_live=HOUR)])
    assert (await kept(store))[0] == "a"


async def test_full_of_what_may_not_go_refuses_and_does_nothing(store: MemoryStateStore) -> None:
    for number in range(8):
        await store.commit([Put(key(str(number)), KILOBYTES_10)])
    size = store.size_bytes
    with pytest.raises(StoreFullError):
        await store.commit(
            [Put(key("small"), b""), Delete(key("0")), *(Put(key(x), KILOBYTES_10) for x in "xyz")]
        )
    assert store.size_bytes == size
    assert await kept(store) == [str(number) for number in range(8)]
    await store.commit([Delete(key("0")), Delete(key("1"))])
    await store.commit([Put(key("x"), KILOBYTES_10)])


async def test_a_commit_does_not_evict_its_own_writes(store: MemoryStateStore) -> None:
    writes = [Put(key(str(number)), KILOBYTES_10, time_to_live=HOUR) for number in range(8)]
    await store.commit(writes)
    before = await kept(store)
    with pytest.raises(StoreFullError):
        await store.commit([*writes, Append(key("s"), (KILOBYTES_10,) * 3, time_to_live=HOUR)])
    assert await kept(store) == before
    await store.commit([Append(key("s"), (KILOBYTES_10,) * 3, time_to_live=HOUR)])
    assert (await store.read(key("s"))).length == 3


async def test_deleting_everything_frees_everything(
    store: MemoryStateStore, clock: ManualClock
) -> None:
    await store.commit(
        [
            Put(key("a"), b"1"),
            Put(key("b"), b"1", time_to_live=HOUR),
            Append(key("s"), (b"1",)),
            Append(key("t"), (b"1", b"2"), time_to_live=SECOND),
        ]
    )
    assert store.size_bytes > 2000
    await store.commit([Delete(key("a")), DeleteStream(key("s"))])
    clock.advance(HOUR)
    assert await store.get(key("b")) is None
    assert (await store.read(key("t"))).length == 0
    assert store.size_bytes == 0


async def test_what_has_ended_goes_as_others_write(
    store: MemoryStateStore, clock: ManualClock
) -> None:
    await store.commit([Put(key("kept"), b"")])
    size = store.size_bytes
    for number in range(50):
        await store.commit([Put(key(str(number)), b"", time_to_live=timedelta(seconds=number))])
    clock.advance(MINUTE)
    for _ in range(3):
        await store.commit([Put(key("kept"), b"")])
    assert store.size_bytes == size


async def test_closing_lets_everything_go() -> None:
    store = MemoryStateStore()
    async with store:
        await store.commit([Put(key("a"), b"1")])
    assert store.size_bytes == 0
    with pytest.raises(StoreUnavailableError):
        await store.__aenter__()


async def test_waits_on_the_clock_of_the_machine() -> None:
    async with MemoryStateStore() as store:
        assert not await store.wait(key("s"), length=0, at_most=timedelta(milliseconds=1))
        wait = asyncio.create_task(store.wait(key("s"), length=0, at_most=HOUR))
        await let_others_run()
        await store.commit([Append(key("s"), (b"",))])
        assert await wait
        lease = await store.acquire(key("n"), holder="h", time_to_live=HOUR)
        assert lease is not None
        refused = await store.acquire(
            key("n"), holder="x", time_to_live=HOUR, wait=timedelta(milliseconds=1)
        )
        assert refused is None


async def test_leases_that_ended_are_forgotten_and_passed_on(
    store: MemoryStateStore, clock: ManualClock
) -> None:
    for number in range(10):
        await store.acquire(key(str(number)), holder="h", time_to_live=SECOND)
    waiting = asyncio.create_task(
        store.acquire(key("5"), holder="next", time_to_live=HOUR, wait=HOUR)
    )
    await let_others_run()
    clock.advance(MINUTE)
    assert await store.acquire(key("5"), holder="overtakes", time_to_live=HOUR) is None
    lease = await waiting
    assert lease is not None
    assert lease.holder == "next"


async def test_a_waiter_that_is_leaving_is_passed_over() -> None:
    async with MemoryStateStore() as store:
        lease = await store.acquire(key("n"), holder="h", time_to_live=HOUR)
        assert lease is not None
        waits = [
            asyncio.create_task(
                store.acquire(key("n"), holder=holder, time_to_live=HOUR, wait=HOUR)
            )
            for holder in ("leaving", "next")
        ]
        await let_others_run()
        waits[0].cancel()
        await store.release(lease)
        following = await waits[1]
        assert following is not None
        assert following.holder == "next"
        assert waits[0].cancelled()


async def test_closing_as_a_wait_times_out_is_no_accident(clock: ManualClock) -> None:
    store = MemoryStateStore(clock=clock)
    await store.__aenter__()
    await store.acquire(key("n"), holder="h", time_to_live=SECOND)
    wait = asyncio.create_task(store.acquire(key("n"), holder="x", time_to_live=HOUR, wait=HOUR))
    await clock.until_sleeping()
    clock.advance(SECOND)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await store.__aexit__(None, None, None)
    with pytest.raises(StoreUnavailableError):
        await wait


@pytest.mark.slow
async def test_memory_stays_within_the_bound_however_many_people_come() -> None:
    process = psutil.Process()
    limit = 16 * 2**20
    async with MemoryStateStore(limit_bytes=limit) as store:

        async def visit(first: int, last: int) -> None:
            for number in range(first, last):
                person, run = f"7.default.iso_{number:032x}", f"run_{number:044x}"
                await store.commit(
                    [
                        Put(Key("runs", person, run), b"r" * 400, 0, HOUR),
                        Put(Key("sessions", person, run), b"s" * 200, 0, HOUR),
                        Append(Key("journals", person, run), (b"e" * 100,) * 3, 0, HOUR),
                        Append(Key("histories", person, run), (b"m" * 200,) * 2, 0, HOUR),
                    ]
                )
                lease = await store.acquire(Key("l", person, run), holder=run, time_to_live=HOUR)
                assert lease is not None
                await store.release(lease)

        await visit(0, 6_000)
        settled = process.memory_info().rss
        await visit(6_000, 30_000)
        assert process.memory_info().rss - settled < limit // 2
        assert 0.9 * limit < store.size_bytes <= limit
