"""What our task runner promises beyond the contract: bounds, retention, bad records, bad days."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from datetime import timedelta

import pytest

from agent_host.errors import ConflictError, StoreFullError, TaskHandedBackError
from agent_host.protocols.state_store import StateStore
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.runner.task_record import (
    GRAVES,
    KEYS,
    LANES,
    QUEUE,
    TASKS,
    WHOLE,
)
from agent_host.runner.timeline import microseconds
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_double import SeverableStore
from agent_host.testing.store_fixture import SECOND, let_others_run, until
from agent_host.testing.task_fixture import ONCE, Recorder, spec
from agent_host.types.identifier import TaskId
from agent_host.types.store import Delete, Key, Lease, Put, Write
from agent_host.types.task import RetryPolicy, Task, TaskStatus

DAY = timedelta(days=1)


@pytest.fixture
async def runner(store: StateStore, clock: ManualClock) -> AsyncIterator[StoreTaskRunner]:
    async with StoreTaskRunner(store, clock=clock) as runner:
        yield runner


async def until_status(runner: StoreTaskRunner, task: Task, status: TaskStatus) -> None:
    while (found := await runner.get(task.id)) is None or found.status is not status:
        await let_others_run()


async def fail(task: Task) -> None:
    raise LookupError(task.id)


async def test_more_than_the_window_is_done_once_and_in_order(
    store: StateStore, clock: ManualClock
) -> None:
    async with StoreTaskRunner(store, clock=clock, window=8) as runner:
        handler = Recorder()
        runner.register("kind", handler, concurrency=1, retry=ONCE)
        for number in range(300):
            await runner.schedule(spec(str(number)))
        runner.resume()
        async with asyncio.TaskGroup() as group:
            for number in range(300, 600):
                group.create_task(runner.schedule(spec(str(number))))
        await until(lambda: handler.ended >= 600)
        await let_others_run()
        assert handler.payloads == [str(number) for number in range(600)]


async def test_what_is_due_soon_passes_a_window_full_of_what_is_not(
    store: StateStore, clock: ManualClock
) -> None:
    async with StoreTaskRunner(store, clock=clock, window=4) as runner:
        handler = Recorder()
        runner.register("kind", handler, concurrency=2, retry=ONCE)
        runner.resume()
        for number in range(40):
            await runner.schedule(spec(f"late{number}", delay=timedelta(minutes=60 - number)))
        await let_others_run()
        for number in range(40):
            await runner.schedule(spec(f"now{number}"))
        await until(lambda: handler.ended == 40)
        assert handler.payloads == [f"now{number}" for number in range(40)]
        await until(lambda: handler.ended == 80, clock=clock, step=timedelta(minutes=1))
        assert handler.payloads[40:] == [f"late{number}" for number in reversed(range(40))]


async def test_finished_tasks_are_kept_for_the_retention(
    store: StateStore, clock: ManualClock
) -> None:
    async with StoreTaskRunner(store, clock=clock, retention=DAY) as runner:
        runner.register("kind", Recorder(), concurrency=1, retry=ONCE)
        runner.register("dead", Recorder(fail), concurrency=1, retry=ONCE)
        runner.resume()
        done = await runner.schedule(spec(key="k"))
        dead = await runner.schedule(spec(kind="dead", key="k"))
        await until_status(runner, done, TaskStatus.SUCCEEDED)
        await until_status(runner, dead, TaskStatus.DEAD)
        clock.advance(DAY - SECOND)
        assert await runner.get(done.id) is not None
        clock.advance(SECOND)
        assert await runner.get(done.id) is None
        clock.advance(1000 * DAY)
        assert [task.id for task in (await runner.dead_letters()).items] == [dead.id]
        assert (await runner.schedule(spec(key="k"))).id != done.id
        assert (await runner.schedule(spec(kind="dead", key="k"))).id == dead.id


async def test_nothing_is_left_of_a_task_that_was_kept(
    store: MemoryStateStore, clock: ManualClock
) -> None:
    async with StoreTaskRunner(store, clock=clock) as runner:
        runner.register("kind", Recorder(), concurrency=1, retry=ONCE)
        runner.resume()
        tasks = [
            await runner.schedule(spec(str(number), key=str(number), lane=str(number % 3)))
            for number in range(20)
        ]
        cancelled = await runner.schedule(spec(lane="l", delay=DAY))
        assert await runner.cancel(cancelled.id)
        for task in tasks:
            await until_status(runner, task, TaskStatus.SUCCEEDED)
    clock.advance(2 * DAY)
    for collection, partition in (
        (TASKS, WHOLE),
        (QUEUE, "kind"),
        (KEYS, "kind"),
        *((LANES, str(number)) for number in range(3)),
        (LANES, "l"),
        (GRAVES, WHOLE),
    ):
        assert list(await store.scan(collection, partition)) == []


async def test_a_key_whose_task_was_evicted_is_free_again(
    runner: StoreTaskRunner, store: StateStore
) -> None:
    runner.register("kind", Recorder(), concurrency=1, retry=ONCE)
    runner.resume()
    task = await runner.schedule(spec(key="k"))
    await until_status(runner, task, TaskStatus.SUCCEEDED)
    await store.commit([Delete(Key(TASKS, WHOLE, task.id))])
    assert (await runner.schedule(spec(key="k"))).id != task.id
    with pytest.raises(ConflictError):
        await runner.schedule(spec(key="k2"), alongside=[Delete(Key("c", "p", "i"), expect=1)])


async def test_hostile_and_damaged_records_do_not_stop_the_rest(
    runner: StoreTaskRunner, store: StateStore, clock: ManualClock
) -> None:
    handler = Recorder()
    runner.register("kind", handler, concurrency=2, retry=ONCE)
    damaged = await runner.schedule(spec("damaged"))
    first = await runner.schedule(spec("first", lane="l"))
    broken = await runner.schedule(spec("broken", lane="l"))
    gone = await runner.schedule(spec("gone", lane="l"))
    await runner.schedule(spec("last", lane="l"))
    early = f"{microseconds(clock.now()) - 10:016x}"
    writes: list[Write] = [
        Put(Key(TASKS, WHOLE, damaged.id), b"\x80\x04\x95pickle"),
        Put(Key(TASKS, WHOLE, broken.id), b'{"v":99,"k":"task","d":{}}'),
        Delete(Key(TASKS, WHOLE, gone.id)),
        Put(Key(QUEUE, "kind", "not a time at all"), damaged.id.encode()),
        Put(Key(QUEUE, "kind", early + "a"), b"\xff\xfe"),
        Put(Key(QUEUE, "kind", early + "b"), b"tsk_nobody"),
        Put(Key(QUEUE, "kind", early + "c"), first.id.encode()),
        Put(Key(QUEUE, "kind", ""), b""),
        Put(Key(GRAVES, WHOLE, "tsk_0"), b"tsk_0"),
        Put(Key(GRAVES, WHOLE, "tsk_1"), damaged.id.encode()),
    ]
    await store.commit(writes)
    runner.resume()
    await until(lambda: handler.ended == 2)
    await let_others_run()
    assert handler.payloads == ["first", "last"]
    assert (await runner.dead_letters()).items == ()
    assert await runner.get(damaged.id) is None
    assert await store.get(Key(QUEUE, "kind", early + "b")) is None


async def test_a_lane_goes_on_where_the_record_of_its_first_is_gone(
    runner: StoreTaskRunner, store: StateStore
) -> None:
    handler = Recorder()
    runner.register("kind", handler, concurrency=2, retry=ONCE)
    gone = await runner.schedule(spec("gone", lane="a lane"))
    await runner.schedule(spec("next", lane="a lane"))
    await store.commit([Delete(Key(TASKS, WHOLE, gone.id))])
    runner.resume()
    await until(lambda: handler.ended == 1)
    await runner.schedule(spec("last", lane="a lane"))
    await until(lambda: handler.ended == 2)
    assert handler.payloads == ["next", "last"]


async def test_an_outage_of_the_store_is_waited_out(store: StateStore, clock: ManualClock) -> None:
    severable = SeverableStore(store)

    async def outcome(_: Task) -> None:
        severable.cut = True

    async with StoreTaskRunner(severable, clock=clock) as runner:
        handler = Recorder(outcome)
        runner.register("kind", handler, concurrency=1, retry=ONCE)
        await runner.schedule(spec("1"))
        severable.cut = True
        runner.resume()
        await clock.until_sleeping()
        severable.cut = False
        await until(lambda: handler.ended == 1, clock=clock)
        await let_others_run()
        severable.cut = False
        second = await runner.schedule(spec("2"))
        await until(lambda: handler.ended == 2, clock=clock)
        severable.cut = False
        for _ in range(60):
            await let_others_run()
            clock.advance(SECOND)
        await until_status(runner, second, TaskStatus.SUCCEEDED)
        assert handler.payloads == ["1", "2"]


async def refused(call: Awaitable[Task]) -> bool:
    try:
        await call
    except StoreFullError:
        return True
    return False


class TardyStore(SeverableStore):
    """A store that does the next commit at once and holds back its answer."""

    def __init__(self, store: StateStore) -> None:
        super().__init__(store)
        self.hold: asyncio.Event | None = None

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        outcome = await super().commit(writes, fence=fence)
        hold, self.hold = self.hold, None
        if hold is not None:
            await hold.wait()
        return outcome


async def test_what_was_scheduled_by_a_call_that_was_cancelled_is_done(
    store: StateStore, clock: ManualClock
) -> None:
    tardy = TardyStore(store)
    async with StoreTaskRunner(tardy, clock=clock) as runner:
        handler = Recorder()
        runner.register("kind", handler, concurrency=1, retry=ONCE)
        runner.resume()
        await runner.schedule(spec("1", delay=DAY))
        await let_others_run()
        tardy.hold = hold = asyncio.Event()
        call = asyncio.create_task(runner.schedule(spec("2")))
        await let_others_run()
        call.cancel()
        await let_others_run()
        hold.set()
        await asyncio.wait([call])
        assert call.cancelled()
        await until(lambda: handler.ended == 1)
        assert handler.payloads == ["2"]


async def test_a_task_cancelled_as_its_attempt_begins_is_not_done(
    store: StateStore, clock: ManualClock
) -> None:
    async def outcome(task: Task) -> None:
        if task.spec.payload == b"1":
            await asyncio.Event().wait()

    tardy = TardyStore(store)
    async with StoreTaskRunner(tardy, clock=clock) as runner:
        handler = Recorder(outcome)
        runner.register("kind", handler, concurrency=1, retry=ONCE)
        task = await runner.schedule(spec("1", lane="l"))
        await runner.schedule(spec("2", lane="l"))
        tardy.hold = hold = asyncio.Event()
        runner.resume()
        await until_status(runner, task, TaskStatus.ATTEMPTING)
        cancel = asyncio.create_task(runner.cancel(task.id))
        await let_others_run()
        hold.set()
        assert await cancel
        await until_status(runner, task, TaskStatus.CANCELLED)
        await until(lambda: "2" in handler.payloads)
        assert handler.payloads.count("1") == handler.cancelled


async def test_a_full_store_refuses_work_and_says_so(clock: ManualClock) -> None:
    async with (
        MemoryStateStore(clock=clock, limit_bytes=50_000) as store,
        StoreTaskRunner(store, clock=clock) as runner,
    ):
        handler = Recorder()
        runner.register("kind", handler, concurrency=4, retry=ONCE)
        big = spec("x" * 1000)
        accepted = 0
        while store.size_bytes < 45_000:
            await runner.schedule(big)
            accepted += 1
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(refused(runner.schedule(big))) for _ in range(5)]
        accepted += [call.result() for call in calls].count(False)
        assert calls[-1].result()
        runner.resume()
        await until(lambda: handler.ended == accepted)


async def test_a_damaged_dead_letter_does_not_hide_the_others(
    runner: StoreTaskRunner, store: StateStore
) -> None:
    runner.register("kind", Recorder(fail), concurrency=1, retry=ONCE)
    runner.resume()
    tasks = [await runner.schedule(spec(str(number))) for number in range(3)]
    for task in tasks:
        await until_status(runner, task, TaskStatus.DEAD)
    await store.commit([Put(Key(TASKS, WHOLE, tasks[1].id), b"")])
    found = {task.id for task in (await runner.dead_letters()).items}
    assert found == {tasks[0].id, tasks[2].id}


async def test_two_operators_replay_or_purge_a_dead_letter_once(
    store: StateStore, clock: ManualClock
) -> None:
    slow = SeverableStore(store, suspends=True)
    async with StoreTaskRunner(slow, clock=clock) as runner:
        handler = Recorder(fail)
        runner.register("kind", handler, concurrency=1, retry=ONCE)
        runner.resume()
        task = await runner.schedule(spec())
        await until_status(runner, task, TaskStatus.DEAD)
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(runner.replay(task.id)) for _ in range(5)]
        assert [call.result() for call in calls].count(True) == 1
        await until_status(runner, task, TaskStatus.DEAD)
        assert len(handler.attempts) == 2
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(runner.purge(task.id)) for _ in range(5)]
        assert [call.result() for call in calls].count(True) == 1


@pytest.mark.parametrize("suspends", [False, True])
async def test_a_cancellation_and_an_attempt_never_both_win(
    store: StateStore, clock: ManualClock, *, suspends: bool
) -> None:
    completed: set[str] = set()

    async def outcome(task: Task) -> None:
        for _ in range(len(completed) % 7):
            await asyncio.sleep(0)
        if task.starts == 1 and task.spec.payload == b"retry":
            raise LookupError(task.id)
        completed.add(task.id)

    slow = SeverableStore(store, suspends=suspends)
    async with StoreTaskRunner(slow, clock=clock) as runner:

        async def cancel(task: Task, pauses: int) -> tuple[Task, bool]:
            for _ in range(pauses):
                await asyncio.sleep(0)
            return task, await runner.cancel(task.id)

        policy = RetryPolicy(first_delay=timedelta())
        runner.register("kind", Recorder(outcome), concurrency=5, retry=policy)
        runner.resume()
        async with asyncio.TaskGroup() as group:
            cancels: list[asyncio.Task[tuple[Task, bool]]] = []
            for number in range(150):
                payload = "retry" if number % 2 else "once"
                lane = f"lane{number % 4}" if number % 3 else None
                task = await runner.schedule(spec(payload, lane=lane))
                cancels.append(group.create_task(cancel(task, number * 7 % 50)))
                for _ in range(number % 5):
                    await asyncio.sleep(0)
        statuses: dict[str, TaskStatus] = {}
        for call in cancels:
            task, cancelled = call.result()
            expected = TaskStatus.CANCELLED if cancelled else TaskStatus.SUCCEEDED
            await until_status(runner, task, expected)
            statuses[task.id] = expected
        last = [await runner.schedule(spec("once", lane=f"lane{number}")) for number in range(4)]
        for task in last:
            await until_status(runner, task, TaskStatus.SUCCEEDED)
    assert {*statuses.values()} == {TaskStatus.CANCELLED, TaskStatus.SUCCEEDED}
    succeeded = {one for one, status in statuses.items() if status is TaskStatus.SUCCEEDED}
    assert succeeded <= completed
    assert list(await store.scan(QUEUE, "kind")) == []


async def test_it_runs_on_the_clock_of_the_machine() -> None:
    async with MemoryStateStore() as store, StoreTaskRunner(store) as runner:
        handler = Recorder()

        async def hang(_: Task) -> None:
            await asyncio.Event().wait()

        limited = RetryPolicy(attempts_limit=1, time_limit=timedelta(milliseconds=5))
        runner.register("kind", handler, concurrency=1, retry=ONCE)
        runner.register("hangs", Recorder(hang), concurrency=1, retry=limited)
        runner.resume()
        task = await runner.schedule(spec(kind="hangs"))
        await runner.schedule(spec(delay=timedelta(milliseconds=5)))
        await until(lambda: handler.ended == 1)
        await until_status(runner, task, TaskStatus.DEAD)
        found = await runner.get(task.id)
        assert found is not None
        assert found.last_error == "timeout"
        assert await runner.get(TaskId("tsk_other")) is None
        assert not runner.durable


async def test_nothing_more_is_attempted_by_a_process_that_hands_back(
    runner: StoreTaskRunner,
) -> None:
    async def hand_back(_: Task) -> None:
        raise TaskHandedBackError

    handler = Recorder(hand_back)
    runner.register("kind", handler, concurrency=1, retry=ONCE)
    for payload in "12":
        await runner.schedule(spec(payload))
    runner.resume()
    await until(lambda: handler.ended > 0)
    await let_others_run()
    assert handler.payloads == ["1"]
