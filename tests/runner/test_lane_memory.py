"""What is remembered of lanes is right, or nothing; and a lane of one task is never looked into."""

# What a user of the runner would not see is looked at here: what it remembers.
# pyright: reportPrivateUsage=false

from collections.abc import AsyncIterator, Sequence

import pytest

from agent_host.errors import StoreUnavailableError
from agent_host.runner.lane_memory import LaneMemory
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.runner.task_record import LANES
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_double import SeverableStore
from agent_host.testing.store_fixture import let_others_run, until
from agent_host.testing.task_begin_suite import begin, open_runner
from agent_host.testing.task_fixture import ONCE, Recorder, spec
from agent_host.testing.task_schedule_suite import wait_for_ever
from agent_host.types.store import Record


class WatchedStore(SeverableStore):
    """Notes which lanes were looked into."""

    def __init__(self, store: MemoryStateStore) -> None:
        super().__init__(store)
        self.looked_into: list[str] = []

    async def scan(self, collection: str, partition: str, **how: object) -> Sequence[Record]:
        if collection == LANES:
            self.looked_into.append(partition)
        return await super().scan(collection, partition, **how)  # type: ignore[arg-type]


@pytest.fixture
async def store() -> AsyncIterator[WatchedStore]:
    async with MemoryStateStore(clock=ManualClock()) as behind:
        yield WatchedStore(behind)


async def test_lanes_of_one_task_are_not_looked_into(store: WatchedStore) -> None:
    handler = Recorder()
    async with StoreTaskRunner(store, clock=ManualClock()) as runner:
        runner.register("kind", handler, concurrency=4, retry=ONCE)
        runner.resume()
        await let_others_run()
        for number in range(50):
            await runner.schedule(spec(lane=f"l{number % 25}"))
        await until(lambda: handler.ended == 50)
        await until(lambda: not runner._book._lanes.memory._sizes)
    assert len(store.looked_into) <= 25
    assert "l0" not in store.looked_into[25:]


async def test_lanes_of_one_begun_task_are_not_looked_into(store: WatchedStore) -> None:
    work = Recorder()
    async with StoreTaskRunner(store, clock=ManualClock()) as runner:
        await open_runner(runner, Recorder())
        for number in range(9):
            while not await begin(runner, work, lane=f"l{number}"):
                await let_others_run()
            await until(lambda: work.running == 0)
    assert work.ended == 9
    assert not store.looked_into


async def test_a_lane_that_an_earlier_process_left_keeps_its_order(store: WatchedStore) -> None:
    stuck = Recorder(wait_for_ever)
    async with StoreTaskRunner(store, clock=ManualClock()) as earlier:
        earlier.register("kind", stuck, concurrency=1, retry=ONCE)
        for payload in ("0", "1"):
            await earlier.schedule(spec(payload, lane="left"))
    handler = Recorder()
    async with StoreTaskRunner(store, clock=ManualClock()) as runner:
        runner.register("kind", handler, concurrency=4, retry=ONCE)
        await runner.schedule(spec("2", lane="left"))
        runner.resume()
        await runner.schedule(spec("3", lane="left"))
        await let_others_run()
        await runner.schedule(spec("4", lane="left"))
        await until(lambda: handler.ended == 5)
    assert handler.payloads == ["0", "1", "2", "3", "4"]
    assert handler.most_running == 1


async def test_a_store_that_fails_leaves_lanes_to_be_looked_into(store: WatchedStore) -> None:
    memory = LaneMemory(store)
    store.cut = True
    with pytest.raises(StoreUnavailableError):
        await memory.learn(["kind"])
    assert memory.size("any") is None


async def test_past_its_bound_all_is_forgotten(store: WatchedStore) -> None:
    memory = LaneMemory(store, limit=3)
    await memory.learn(["kind"])
    assert memory.size("a") == 0
    for lane in "abcd":
        memory.add(lane, 1)
    assert [memory.size(lane) for lane in "abcdx"] == [None] * 5
    async with StoreTaskRunner(store, clock=ManualClock()) as runner:
        runner.register("kind", Recorder(), concurrency=1, retry=ONCE)
        for lane in "abcd":
            await runner.schedule(spec(lane=lane))
    memory = LaneMemory(store, limit=3)
    await memory.learn(["kind"])
    assert memory.size("x") is None


async def test_a_lane_in_doubt_is_looked_into_until_its_size_is_known(store: WatchedStore) -> None:
    memory = LaneMemory(store)
    await memory.learn(["kind"])
    memory.add("a", 1)
    memory.doubt("a")
    assert memory.size("a") is None
    memory.add("a", 1)
    assert memory.size("a") is None
    memory.set_size("a", 1)
    memory.add("a", -1)
    memory.release("a")
    assert memory.size("a") == 0
