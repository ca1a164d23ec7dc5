"""Tasks that are begun as they are accepted, where nobody says whether they were: their callers are
cancelled, or the store's answer is lost.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from datetime import timedelta

import pytest

from agent_host.errors import StoreUnavailableError
from agent_host.protocols.task_runner import PreparedAttempt
from agent_host.runner.begun_task import BEGUN
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.runner.task_order import BOUNDS, read_bound
from agent_host.runner.task_record import BEHIND, LANES, WHOLE
from agent_host.runner.timeline import microseconds
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_fixture import SECOND, let_others_run, until
from agent_host.testing.task_begin_suite import begin, open_runner
from agent_host.testing.task_fixture import ONCE, Recorder, spec
from agent_host.types.store import Delete, Key, Lease, Put, Record, Write
from agent_host.types.task import Task, TaskCounts


class DoubtfulStore(MemoryStateStore):
    """Does not say that it did a commit that `loses` picks, or does not do it and does not say so
    either, where `drops` does. `gate` holds commits up before they are done; no record can be
    read while it `is_unread`.
    """

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock=clock)
        self.loses: Callable[[Sequence[Write]], bool] = lambda _: False
        self.drops: Callable[[Sequence[Write]], bool] = lambda _: False
        self.is_unread = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.at_gate = 0

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        self.at_gate += 1
        await self.gate.wait()
        self.at_gate -= 1
        if self.drops(writes):
            self.drops = lambda _: False
            raise StoreUnavailableError("dropped")
        done = await super().commit(writes, fence=fence)
        if self.loses(writes):
            self.loses = lambda _: False
            raise StoreUnavailableError("lost")
        return done

    async def get(self, key: Key) -> Record | None:
        if self.is_unread:
            raise StoreUnavailableError("unread")
        return await super().get(key)


def begins(writes: Sequence[Write]) -> bool:
    return any(isinstance(one, Put) and one.key.collection == BEGUN for one in writes)


def ends(writes: Sequence[Write]) -> bool:
    return any(isinstance(one, Delete) and one.key.collection == BEGUN for one in writes)


@pytest.fixture
async def store(clock: ManualClock) -> AsyncIterator[DoubtfulStore]:
    async with DoubtfulStore(clock) as store:
        yield store


@pytest.fixture
async def runner(store: DoubtfulStore, clock: ManualClock) -> AsyncIterator[StoreTaskRunner]:
    async with StoreTaskRunner(store, clock=clock) as runner:
        yield runner


async def until_quiet(runner: StoreTaskRunner, store: DoubtfulStore, clock: ManualClock) -> None:
    """Return once nothing waits, nothing is attempted and nothing is left in the store."""
    while (await runner.summary())["kind"] != TaskCounts():
        clock.advance(SECOND)
        await let_others_run()
    for collection, partition in ((BEGUN, WHOLE), (LANES, "l"), (BEHIND, WHOLE)):
        assert not await store.scan(collection, partition)


async def goes_on(runner: StoreTaskRunner) -> None:
    """All the room and the lane are there for the next."""
    work = Recorder()
    await runner.schedule(spec("before", lane="l"))  # a lane in doubt is looked into then
    while not await begin(runner, work, "next"):
        await let_others_run()
    await until(lambda: work.ended == 1)


@pytest.mark.parametrize("moment", ["in the group", "in the store", "done"])
@pytest.mark.parametrize("lane", ["l", None])
async def test_who_is_cancelled_while_beginning_leaves_nothing_that_nobody_attempts(
    store: DoubtfulStore,
    runner: StoreTaskRunner,
    clock: ManualClock,
    *,
    moment: str,
    lane: str | None,
) -> None:
    work, handler = Recorder(), Recorder()
    await open_runner(runner, handler, concurrency=1)

    async def prepare(_: Task) -> PreparedAttempt:
        return PreparedAttempt((), work)

    store.gate.clear()
    blocker = None
    if moment == "in the group":  # a commit of another is under way, ours waits for the next
        blocker = asyncio.ensure_future(runner.schedule(spec("later", delay=timedelta(days=1))))
        await until(lambda: store.at_gate == 1)
    begun = asyncio.ensure_future(runner.begin(spec("work", lane=lane), prepare))
    await until(lambda: store.at_gate == 1)
    await let_others_run()
    behind = asyncio.ensure_future(runner.schedule(spec("behind", lane="l")))
    await let_others_run()
    if moment != "done":
        begun.cancel()
        await let_others_run()
    store.gate.set()
    if moment == "done":
        while not await store.scan(BEGUN, WHOLE):
            await asyncio.sleep(0)
        begun.cancel()
    with suppress(asyncio.CancelledError):
        await begun
    await behind
    if blocker is not None:
        await runner.cancel((await blocker).id)
    await until(lambda: "behind" in handler.payloads, clock=clock)
    await until_quiet(runner, store, clock)
    assert work.ended == (moment != "in the group")
    await goes_on(runner)


@pytest.mark.parametrize("was_done", [True, False])
async def test_what_may_have_been_begun_is_attempted_if_it_was(
    store: DoubtfulStore, runner: StoreTaskRunner, clock: ManualClock, *, was_done: bool
) -> None:
    work, handler = Recorder(), Recorder()
    await open_runner(runner, handler, concurrency=1)
    if was_done:
        store.loses = begins
    else:
        store.drops = begins
    with pytest.raises(StoreUnavailableError):
        await begin(runner, work, "work")
    await runner.schedule(spec("behind", lane="l"))
    await until(lambda: "behind" in handler.payloads, clock=clock)
    await until_quiet(runner, store, clock)
    assert work.ended == was_done
    await goes_on(runner)


async def test_what_seemed_not_to_end_is_over_and_its_handler_not_called(
    store: DoubtfulStore, runner: StoreTaskRunner, clock: ManualClock
) -> None:
    work, handler = Recorder(), Recorder()
    await open_runner(runner, handler)
    handled = handler.ended
    store.loses = ends
    assert await begin(runner, work, "work")
    await until_quiet(runner, store, clock)
    assert (work.ended, handler.ended) == (1, handled)
    await goes_on(runner)


async def test_what_seemed_not_to_be_listed_lets_its_lane_go_on(
    store: DoubtfulStore, runner: StoreTaskRunner, clock: ManualClock
) -> None:
    async def fail(_: Task) -> None:
        raise LookupError

    work, handler = Recorder(fail), Recorder()
    await open_runner(runner, handler)
    store.loses = ends
    assert await begin(runner, work, "work")
    await until(lambda: "work" in handler.payloads, clock=clock)
    await until_quiet(runner, store, clock)
    await runner.schedule(spec("afterwards", lane="l"))
    await until(lambda: "afterwards" in handler.payloads, clock=clock)
    await until_quiet(runner, store, clock)
    await goes_on(runner)


async def test_nobody_is_at_work_in_a_lane_while_the_end_of_its_first_is_not_written(
    store: DoubtfulStore, runner: StoreTaskRunner, clock: ManualClock
) -> None:
    """It may conflict: then the first is called again."""
    order: list[str] = []

    async def overtaken(task: Task) -> Sequence[Write]:
        order.append("first")
        store.gate.clear()
        return [Put(Key("tests", "all", task.id), b"", 7)]

    async def note(task: Task) -> None:
        order.append(f"{task.spec.payload.decode()} again")
        if task.spec.payload == b"first" and order.count("first again") == 1:
            raise LookupError

    async def prepare(_: Task) -> PreparedAttempt:
        return PreparedAttempt((), overtaken)

    async def say(task: Task) -> None:
        order.append(task.spec.payload.decode())

    handler, second = Recorder(note), Recorder(say)
    await open_runner(runner, handler)
    order.clear()
    assert await runner.begin(spec("first", lane="l"), prepare)
    await until(lambda: store.at_gate == 1)
    is_begun = asyncio.ensure_future(begin(runner, second, "second"))
    await let_others_run()
    store.gate.set()
    if not await is_begun:
        await runner.schedule(spec("second", lane="l"))
    await until(lambda: len(order) == 4, clock=clock)
    await until_quiet(runner, store, clock)
    assert order == ["first", "first again", "first again", "second again"]


@pytest.mark.parametrize("steps", range(-16, 16))
async def test_a_begun_attempt_that_is_stopped_before_its_first_step_does_not_count(
    store: DoubtfulStore, clock: ManualClock, *, steps: int
) -> None:
    """The grace ends at some step of its being begun, here at each of them."""
    goes_on, work, handler = asyncio.Event(), Recorder(), Recorder()

    async def prepare(_: Task) -> PreparedAttempt:
        await goes_on.wait()
        return PreparedAttempt((), work)

    async with StoreTaskRunner(store, clock=clock) as earlier:
        await open_runner(earlier, Recorder(), retry=ONCE)
        begun = asyncio.ensure_future(earlier.begin(spec("late", lane="l"), prepare))
        await let_others_run()
        drained = asyncio.ensure_future(earlier.drain(SECOND))
        await let_others_run()
        for step in range(-16, 16):
            if step == 0:
                clock.advance(SECOND)
            if step == steps:
                goes_on.set()
            await asyncio.sleep(0)
        await drained
        assert await begun
    async with StoreTaskRunner(store, clock=clock) as later:
        later.register("kind", handler, concurrency=1, retry=ONCE, keeps_done=False)
        later.resume()
        await until_quiet(later, store, clock)
    assert work.ended + handler.ended == 1


async def test_a_begun_attempt_that_hangs_is_stopped_when_its_time_is_over(
    store: DoubtfulStore, runner: StoreTaskRunner, clock: ManualClock
) -> None:
    async def hang(_: Task) -> None:
        await asyncio.Event().wait()

    stuck, handler = Recorder(hang), Recorder()
    await open_runner(runner, handler)
    assert await begin(runner, stuck, "hangs")
    await until(lambda: stuck.running == 1)
    await until(lambda: "hangs" in handler.payloads, clock=clock)
    await until_quiet(runner, store, clock)
    assert stuck.cancelled == 1


async def test_the_bound_of_the_order_is_written_with_a_begun_task_that_passes_it(
    store: DoubtfulStore, runner: StoreTaskRunner, clock: ManualClock
) -> None:
    """Not with each, but again where it is not known to have been."""

    async def bound() -> Record:
        found = await store.get(Key(BOUNDS, "all", "bound"))
        assert found is not None
        return found

    work = Recorder()
    await open_runner(runner, Recorder())
    first = await bound()
    assert await begin(runner, work)
    assert await bound() == first
    clock.advance(timedelta(minutes=2))
    await let_others_run()
    store.drops = begins
    with pytest.raises(StoreUnavailableError):
        await begin(runner, work, lane="another")
    assert await bound() == first
    assert await begin(runner, work, lane="a third")
    assert read_bound(await bound()) > microseconds(clock.now())


async def test_who_follows_what_seemed_not_to_end_is_attempted_once(
    store: DoubtfulStore, runner: StoreTaskRunner, clock: ManualClock
) -> None:
    first_ends, second_ends = asyncio.Event(), asyncio.Event()

    async def wait_first(_: Task) -> None:
        await first_ends.wait()

    async def wait_second(task: Task) -> None:
        if task.spec.payload == b"second":
            await second_ends.wait()

    handler = Recorder(wait_second)
    await open_runner(runner, handler)
    assert await begin(runner, Recorder(wait_first), "first")
    await runner.schedule(spec("second", lane="l"))
    store.loses = ends
    first_ends.set()
    await until(lambda: handler.running == 1)
    for _ in range(5):  # the end is tried again meanwhile
        clock.advance(SECOND)
        await let_others_run()
    second_ends.set()
    await until_quiet(runner, store, clock)
    assert handler.payloads.count("second") == 1


async def test_who_waits_for_what_was_never_accepted_is_found_by_the_next_process(
    store: DoubtfulStore, clock: ManualClock
) -> None:
    """It is stopped before it could find out."""
    handler = Recorder()
    async with StoreTaskRunner(store, clock=clock) as earlier:
        await open_runner(earlier, Recorder())
        store.drops = begins
        store.is_unread = True
        with pytest.raises(StoreUnavailableError):
            await begin(earlier, Recorder(), "never")
        await earlier.schedule(spec("behind", lane="l"))
        await let_others_run()
        store.is_unread = False
        await earlier.drain(timedelta())
    async with StoreTaskRunner(store, clock=clock) as later:
        later.register("kind", handler, concurrency=1, retry=ONCE, keeps_done=False)
        later.resume()
        await let_others_run()
        assert handler.payloads == ["behind"]
        await until_quiet(later, store, clock)
