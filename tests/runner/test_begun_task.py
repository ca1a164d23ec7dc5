"""What our task runner does about tasks that were begun as they were accepted."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from agent_host.errors import StoreUnavailableError
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import PreparedAttempt
from agent_host.runner.begun_task import BEGUN
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.runner.task_record import (
    BEHIND,
    LANES,
    QUEUE,
    TASKS,
    WHOLE,
    read_task,
    task_id_of,
    task_key,
)
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_double import SeverableStore
from agent_host.testing.store_fixture import let_others_run, until
from agent_host.testing.task_begin_suite import begin, open_runner
from agent_host.testing.task_fixture import ONCE, Recorder, spec
from agent_host.types.store import Key, Lease, Put, SetAside, Write
from agent_host.types.task import RetryPolicy, Task, TaskCounts


async def hang(_: Task) -> None:
    await asyncio.Event().wait()


async def test_one_record_is_all_that_a_begun_task_has(
    store: StateStore, clock: ManualClock
) -> None:
    stuck = Recorder(hang)
    async with StoreTaskRunner(store, clock=clock) as runner:
        await open_runner(runner, Recorder())
        assert await begin(runner, stuck)
        await until(lambda: stuck.running == 1)
        assert len(await store.scan(BEGUN, WHOLE)) == 1
        for collection, partition in ((TASKS, WHOLE), (QUEUE, "kind"), (LANES, "l")):
            assert not await store.scan(collection, partition)


async def test_a_begun_task_that_cannot_be_read_is_set_aside_at_the_start(
    store: StateStore, clock: ManualClock
) -> None:
    await store.commit([Put(Key(BEGUN, WHOLE, "tsk_damaged"), b"\x80\x04pickle")])
    work = Recorder()
    async with StoreTaskRunner(store, clock=clock) as runner:
        await open_runner(runner, Recorder())
        assert await begin(runner, work)
        await until(lambda: work.ended == 1)
        while (await runner.summary())["kind"].attempting:
            await let_others_run()
    assert not await store.scan(BEGUN, WHOLE)


async def leave_damaged(
    store: StateStore, clock: ManualClock, *, lanes: str, damaged: str
) -> list[Key]:
    """A process dies that had begun a task in each lane, two waiting behind it. Some of the begun
    ones are damaged then; where they are.
    """
    stuck, severed = Recorder(hang), SeverableStore(store)
    async with StoreTaskRunner(severed, clock=clock) as earlier:
        await open_runner(earlier, Recorder(), concurrency=9)
        for lane in lanes:
            assert await begin(earlier, stuck, f"{lane}1", lane=lane)
            for number in "23":
                await earlier.schedule(spec(f"{lane}{number}", lane=lane))
        severed.cut = True
    keys = [
        record.key
        for record in await store.scan(BEGUN, WHOLE)
        if (read_task(record).task.spec.lane or "none") in damaged
    ]
    await store.commit([Put(key, b"\x80\x04pickle") for key in keys])
    return keys


async def do_all(store: StateStore, clock: ManualClock, count: int) -> list[str]:
    """What the next process does, until so many have ended and nothing is left behind others."""
    handler = Recorder()
    async with StoreTaskRunner(store, clock=clock) as later:
        later.register("kind", handler, concurrency=9, retry=RetryPolicy(), keeps_done=False)
        later.resume()
        await until(lambda: handler.ended == count, clock=clock)
        while (await later.summary())["kind"] != TaskCounts():
            await let_others_run()
    assert not await store.scan(BEHIND, WHOLE)
    return handler.payloads


async def test_lanes_go_on_without_a_begun_task_that_cannot_be_read(
    store: StateStore, clock: ManualClock
) -> None:
    await leave_damaged(store, clock, lanes="abc", damaged="ac")
    done = await do_all(store, clock, 7)
    assert sorted(done) == ["a2", "a3", "b1", "b2", "b3", "c2", "c3"]
    for lane in "abc":
        in_lane = [payload for payload in done if payload.startswith(lane)]
        assert in_lane == sorted(in_lane)
    assert not await store.scan(BEGUN, WHOLE)


async def test_a_lane_goes_on_although_what_comes_next_cannot_be_read_either(
    store: StateStore, clock: ManualClock
) -> None:
    await leave_damaged(store, clock, lanes="a", damaged="a")
    second = (await store.scan(LANES, "a"))[0]
    await store.commit([Put(task_key(task_id_of(second)), b"\x80\x04pickle")])
    assert await do_all(store, clock, 1) == ["a3"]


async def test_lanes_go_on_although_a_process_dies_as_it_sets_aside_what_held_them(
    store: StateStore, clock: ManualClock
) -> None:
    await leave_damaged(store, clock, lanes="ab", damaged="ab")
    for is_cut_by in (Put, SetAside):
        dying = DyingStore(store, is_cut_by)
        with suppress(StoreUnavailableError):
            async with StoreTaskRunner(dying, clock=clock):
                pass
        assert dying.cut
    assert sorted(await do_all(store, clock, 4)) == ["a2", "a3", "b2", "b3"]
    assert not await store.scan(BEGUN, WHOLE)


class DyingStore(SeverableStore):
    """Cut before the second commit with such a write, which is not done."""

    def __init__(self, store: StateStore, kind: type[Put | SetAside]) -> None:
        super().__init__(store)
        self._kind = kind
        self._seen = 0

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        self._seen += any(isinstance(write, self._kind) for write in writes)
        self.cut |= self._seen > 1
        return await super().commit(writes, fence=fence)


async def test_many_that_a_process_had_begun_are_listed_in_their_order(
    store: StateStore, clock: ManualClock
) -> None:
    stuck, severed = Recorder(hang), SeverableStore(store)
    async with StoreTaskRunner(severed, clock=clock) as earlier:
        await open_runner(earlier, Recorder(), concurrency=400)
        for number in range(300):
            assert await begin(earlier, stuck, f"{number:03d}", lane=f"lane{number}")
            clock.advance(timedelta(milliseconds=1))
        severed.cut = True
    handler = Recorder()
    async with StoreTaskRunner(store, clock=clock) as later:
        later.register("kind", handler, concurrency=1, retry=RetryPolicy())
        later.resume()
        await until(lambda: handler.ended == 300)
    assert handler.payloads == [f"{number:03d}" for number in range(300)]


async def test_room_is_left_for_what_is_due(store: StateStore, clock: ManualClock) -> None:
    goes_on = asyncio.Event()

    async def wait(_: Task) -> None:
        await goes_on.wait()

    work, handler = Recorder(), Recorder(wait)
    async with StoreTaskRunner(store, clock=clock) as runner:
        await open_runner(runner, handler, concurrency=3)

        async def prepare(_: Task) -> PreparedAttempt:
            return PreparedAttempt((), work)

        async with asyncio.TaskGroup() as group:  # nothing of it has started when this is asked
            for _ in range(3):
                group.create_task(runner.schedule(spec()))
            await asyncio.sleep(0)
            group.create_task(runner.begin(spec(), prepare))
        await until(lambda: handler.running == 3)
        assert (await runner.summary())["kind"] == TaskCounts(attempting=3)
        goes_on.set()
        await until(lambda: handler.ended == 3)
        assert await runner.begin(spec(), prepare)
        await until(lambda: work.ended == 1)


async def test_what_is_for_later_leaves_room(store: StateStore, clock: ManualClock) -> None:
    work = Recorder()
    async with StoreTaskRunner(store, clock=clock) as runner:
        runner.register("kind", Recorder(), concurrency=1, retry=ONCE)
        runner.resume()
        await runner.schedule(spec(delay=RetryPolicy().last_delay))
        while not await begin(runner, work):
            await let_others_run()
        await until(lambda: work.ended == 1)


async def test_nothing_is_begun_before_what_has_been_due_for_longer(
    store: StateStore, clock: ManualClock
) -> None:
    order: list[str] = []

    async def note(task: Task) -> None:
        order.append(task.spec.payload.decode())

    async def prepare(_: Task) -> PreparedAttempt:
        return PreparedAttempt((), note)

    async with StoreTaskRunner(store, clock=clock) as runner:
        runner.register("kind", note, concurrency=1, retry=ONCE)
        for number in "123":
            await runner.schedule(spec(number))
        runner.resume()
        while not await runner.begin(spec("begun"), prepare):
            await asyncio.sleep(0)
        await until(lambda: len(order) == 4)
    assert order == ["1", "2", "3", "begun"]
