"""Following a run: told in order, at least once; tried again, given up, taken up once more."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent_host import AgentHost
from agent_host.errors import (
    FollowEndedError,
    FollowLimitError,
    NotFoundError,
    PermanentTaskError,
    RequestError,
    RetryTaskError,
    StoreUnavailableError,
    TooLargeError,
)
from agent_host.host.follow import attempt as attempt_module
from agent_host.host.follow import dispatcher as dispatcher_module
from agent_host.host.follow.view import FOLLOWS_LIMIT
from agent_host.host.record.follow_record import (
    NAME_LIMIT,
    OPEN,
    VALUE_LIMIT_BYTES,
    WHOLE,
)
from agent_host.protocols.follow import FollowAttempt, Follower, FollowView
from agent_host.protocols.host_context import HostContext
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.stores.disk import DiskStateStore
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_double import SeverableStore
from agent_host.types import (
    Answer,
    Follow,
    FollowCursor,
    FollowStatus,
    InputRequired,
    Key,
    Put,
    Question,
    Record,
    RunEvent,
    RunPolicy,
    Task,
    TextDelta,
)
from tests.host.harness import CALLER, acting_as, request


class Told:
    """A follower that notes what it is told; `refusals` are raised first, one for each entry."""

    def __init__(self, *refusals: Exception) -> None:
        self.refusals = list(refusals)
        self.entries: list[tuple[int, str]] = []
        self.attempts = 0
        self._came = asyncio.Event()

    async def __call__(self, attempt: FollowAttempt) -> None:
        self.attempts += 1
        async for entry in attempt.entries(start=attempt.follow.cursor.sequence):
            if self.refusals:
                raise self.refusals.pop(0)
            self.entries.append((entry.sequence, entry.event.type))
            self._came.set()
            await attempt.confirm(FollowCursor(entry.sequence + 1))

    @property
    def sequences(self) -> list[int]:
        return [sequence for sequence, _ in self.entries]

    async def until(self, kind: str) -> None:
        async with asyncio.timeout(20):
            while not any(told == kind for _, told in self.entries):
                self._came.clear()
                await self._came.wait()


async def talk(text: str) -> AsyncIterator[str]:
    for word in text.split():
        yield word


async def ask(_: str) -> AsyncGenerator[RunEvent, Answer]:
    answer = yield InputRequired(questions=(Question(prompt="Go on?"),))
    yield TextDelta(text=str(answer.value))


@asynccontextmanager
async def following(
    follower: Follower | None, target: object = talk, **options: Any
) -> AsyncGenerator[tuple[HostContext, FollowView]]:
    """A started host, and alice's follows on its channel."""
    host = AgentHost(target, **options)
    async with host:
        with acting_as("alice"):
            follows = await host.context.follows(CALLER)
            if follower is None:
                yield host.context, follows
                return
            with host.context.follower(CALLER.channel, follower):
                yield host.context, follows


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():
            await asyncio.sleep(0.005)


async def until_status(follows: FollowView, follow: Follow, status: FollowStatus) -> None:
    async def holds() -> bool:
        return (await follows.get(follow.run_id, follow.name)).status is status

    await until(holds)


async def dead_letter(runner: StoreTaskRunner) -> Task:
    found: list[Task] = []

    async def holds() -> bool:
        found.extend((await runner.dead_letters(kind=dispatcher_module.FOLLOW_KIND)).items)
        return bool(found)

    await until(holds)
    return found[0]


async def test_everything_is_told_once_and_in_order() -> None:
    told = Told()
    async with following(told) as (context, follows):
        run = (await context.run(request("one two three"))).run
        follow = await follows.put(run.id, "a", {"n": 1}, from_start=True)
        await told.until("run_completed")
        await until_status(follows, follow, FollowStatus.OVER)
        kept = await follows.get(run.id, "a")
    assert told.sequences == list(range(len(told.entries)))
    assert kept.value == {"n": 1}
    assert kept.cursor == FollowCursor(len(told.entries))


async def test_a_quiet_run_is_waited_for_without_an_attempt() -> None:
    told = Told()
    async with following(told, ask) as (context, follows):
        run = (await context.run(request())).run
        follow = await follows.put(run.id, "a", {}, from_start=True)
        await told.until("input_required")
        attempts = told.attempts
        view = await context.runs(CALLER)
        await view.answer(run.id, {str(run.questions[0].id): "yes"})
        await told.until("run_completed")
        await until_status(follows, follow, FollowStatus.OVER)
    assert told.attempts <= attempts + 2
    assert told.sequences == list(range(len(told.entries)))


async def test_one_that_comes_late_is_told_the_rest() -> None:
    told = Told()
    async with following(told, ask) as (context, follows):
        run = (await context.run(request())).run
        late = await follows.put(run.id, "late", {}, from_start=False)
        view = await context.runs(CALLER)
        await view.answer(run.id, {str(run.questions[0].id): "yes"})
        await told.until("run_completed")
        over = await follows.put(run.id, "over", {}, from_start=False)
    assert told.sequences[0] == late.cursor.sequence > 0
    assert over.status is FollowStatus.OVER


async def test_more_than_there_is_time_for_is_told_by_the_next_attempt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attempt_module, "SLICE", timedelta())
    told = Told()
    async with following(told) as (context, follows):
        run = (await context.run(request("one two three"))).run
        follow = await follows.put(run.id, "a", {}, from_start=True)
        await until_status(follows, follow, FollowStatus.OVER)
    assert told.attempts == len(told.entries)
    assert told.sequences == list(range(len(told.entries)))


async def test_a_refusal_is_tried_again_from_where_it_was() -> None:
    told = Told(RetryTaskError("not now", timedelta()), RuntimeError("oh"))
    async with following(told) as (context, follows):
        run = (await context.run(request("one two three"))).run
        await follows.put(run.id, "a", {}, from_start=True)
        await told.until("run_completed")
    assert told.attempts == 3
    assert told.sequences == list(range(len(told.entries)))


async def test_attempts_are_counted_for_one_thing_to_tell() -> None:
    clock = ManualClock()
    store = MemoryStateStore(clock=clock)
    runner = StoreTaskRunner(store, clock=clock)
    calls = 0

    async def stubborn(attempt: FollowAttempt) -> None:
        """Takes one entry, and the next one after as many attempts as there are but one."""
        nonlocal calls
        calls += 1
        async for entry in attempt.entries(start=attempt.follow.cursor.sequence):
            if calls % limit:
                raise RetryTaskError("not now")
            await attempt.confirm(FollowCursor(entry.sequence + 1))
            raise RetryTaskError("not now")

    limit = dispatcher_module.RETRY.attempts_limit
    options = {"clock": clock, "store": store, "runner": runner}
    async with following(stubborn, **options) as (context, follows), passing(clock):
        run = (await context.run(request("one two"))).run
        follow = await follows.put(run.id, "a", {}, from_start=True)
        await until_status(follows, follow, FollowStatus.OVER)
        entries = (await follows.get(run.id, "a")).cursor.sequence
        assert (await runner.dead_letters()).items == ()
    assert calls >= limit * entries


async def test_what_is_refused_for_ever_is_a_dead_letter() -> None:
    clock = ManualClock()
    store = MemoryStateStore(clock=clock)
    runner = StoreTaskRunner(store, clock=clock)

    async def never(attempt: FollowAttempt) -> None:
        raise RetryTaskError("not now", code="http_503")

    options = {"clock": clock, "store": store, "runner": runner}
    async with following(never, **options) as (context, follows), passing(clock):
        run = (await context.run(request())).run
        follow = await follows.put(run.id, "a", {}, from_start=True)
        await until_status(follows, follow, FollowStatus.DEAD)
        dead = await dead_letter(runner)
    assert dead.last_error == "http_503"
    assert dead.starts == dispatcher_module.RETRY.attempts_limit


@asynccontextmanager
async def passing(clock: ManualClock) -> AsyncGenerator[None]:
    """Time goes by as fast as it can."""

    async def pass_by() -> None:
        while True:
            clock.advance(timedelta(seconds=30))
            await asyncio.sleep(0.001)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(pass_by())
        try:
            yield
        finally:
            task.cancel()


async def test_a_dead_letter_that_is_replayed_goes_on_to_the_end() -> None:
    store = MemoryStateStore()
    runner = StoreTaskRunner(store)
    told = Told(PermanentTaskError("no", code="http_410"))
    async with following(told, ask, store=store, runner=runner) as (context, follows):
        run = (await context.run(request())).run
        follow = await follows.put(run.id, "a", {}, from_start=True)
        await until_status(follows, follow, FollowStatus.DEAD)
        assert told.entries == []
        assert await runner.replay((await dead_letter(runner)).id)
        await told.until("input_required")
        view = await context.runs(CALLER)
        await view.answer(run.id, {str(run.questions[0].id): "yes"})
        await told.until("run_completed")
    assert told.sequences == list(range(len(told.entries)))


async def test_a_dead_letter_whose_follow_is_gone_does_nothing() -> None:
    store = MemoryStateStore()
    runner = StoreTaskRunner(store)
    told = Told(PermanentTaskError("no"))
    async with following(told, store=store, runner=runner) as (context, follows):
        run = (await context.run(request())).run
        follow = await follows.put(run.id, "a", {}, from_start=True)
        await until_status(follows, follow, FollowStatus.DEAD)
        await follows.delete(run.id, "a")
        dead = await dead_letter(runner)
        assert await runner.replay(dead.id)

        async def gone() -> bool:
            return not (await runner.dead_letters()).items

        await until(gone)
    assert told.entries == []


async def test_a_channel_that_is_not_there_any_more_is_no_success() -> None:
    store = MemoryStateStore()
    runner = StoreTaskRunner(store)
    async with following(None, store=store, runner=runner) as (context, follows):
        run = (await context.run(request())).run
        await follows.put(run.id, "a", {}, from_start=True)
        assert (await dead_letter(runner)).last_error == "no_channel"


async def test_nobody_is_told_after_it_was_deleted() -> None:
    ended = asyncio.Event()

    async def deleting(attempt: FollowAttempt) -> None:
        await follows.delete(attempt.run.id, "a")
        try:
            await attempt.confirm(FollowCursor(1))
        except FollowEndedError:
            ended.set()
            raise

    async with following(deleting) as (context, follows):
        run = (await context.run(request())).run
        await follows.put(run.id, "a", {}, from_start=True)
        await asyncio.wait_for(ended.wait(), 10)
        with pytest.raises(NotFoundError):
            await follows.get(run.id, "a")
    told = Told()
    async with following(told, ask) as (context, follows):
        run = (await context.run(request())).run
        await follows.put(run.id, "a", {}, from_start=False)
        await follows.delete(run.id, "a")
        await follows.delete(run.id, "a")
        view = await context.runs(CALLER)
        await view.answer(run.id, {str(run.questions[0].id): "yes"})
        other = await follows.put(run.id, "b", {}, from_start=True)
        await until_status(follows, other, FollowStatus.OVER)
    assert told.sequences == list(range(len(told.entries)))


async def test_a_value_may_change_while_an_attempt_is_under_way() -> None:
    seen: list[Any] = []

    async def changing(attempt: FollowAttempt) -> None:
        async for entry in attempt.entries(start=attempt.follow.cursor.sequence):
            if not seen:
                await follows.put(attempt.run.id, "a", {"n": 2}, from_start=True)
            await attempt.confirm(FollowCursor(entry.sequence + 1))
            seen.append(attempt.follow.value["n"])

    async with following(changing) as (context, follows):
        run = (await context.run(request("one two"))).run
        follow = await follows.put(run.id, "a", {"n": 1}, from_start=True)
        await until_status(follows, follow, FollowStatus.OVER)
        assert (await follows.get(run.id, "a")).value == {"n": 2}
    assert set(seen) == {2}


async def test_a_follow_has_an_owner_a_channel_and_bounds() -> None:
    async with following(Told()) as (context, follows):
        run = (await context.run(request())).run
        await follows.put(run.id, "a", {}, from_start=False)
        assert [one.name for one in await follows.list(run.id)] == ["a"]
        with acting_as("bob"):
            theirs = await context.follows(CALLER)
        wrong: list[Callable[[FollowView, str], Awaitable[object]]] = [
            lambda view, run_id: view.put(run_id, "b", {}, from_start=True),
            lambda view, run_id: view.get(run_id, "a"),
            lambda view, run_id: view.list(run_id),
            lambda view, run_id: view.delete(run_id, "a"),
        ]
        for do in wrong:
            with pytest.raises(NotFoundError) as foreign:
                await do(theirs, run.id)
            with pytest.raises(NotFoundError) as missing:
                await do(follows, "run_none")
            assert str(foreign.value) == str(missing.value)
        with pytest.raises(NotFoundError):
            await follows.get(run.id, "b")
        for name in ("", "x" * (NAME_LIMIT + 1)):
            with pytest.raises(RequestError):
                await follows.put(run.id, name, {}, from_start=True)
        with pytest.raises(TooLargeError):
            await follows.put(run.id, "b", {"x": "x" * VALUE_LIMIT_BYTES}, from_start=True)
        for number in range(FOLLOWS_LIMIT - 1):
            await follows.put(run.id, f"more {number}", {}, from_start=False)
        with pytest.raises(FollowLimitError):
            await follows.put(run.id, "one too many", {}, from_start=False)
        await follows.put(run.id, "a", {"n": 1}, from_start=False)
        assert len(await follows.list(run.id)) == FOLLOWS_LIMIT


async def test_a_host_follows_so_many_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher_module, "OPEN_LIMIT", 1)
    async with following(Told(), ask) as (context, follows):
        run = (await context.run(request())).run
        await follows.put(run.id, "a", {}, from_start=False)
        with pytest.raises(FollowLimitError):
            await follows.put(run.id, "b", {}, from_start=False)


async def test_those_who_come_together_are_counted_together() -> None:
    async with MemoryStateStore() as memory:
        store = SeverableStore(memory, suspends=True)
        async with following(Told(), store=store) as (context, follows):
            run = (await context.run(request())).run
            many = [
                follows.put(run.id, str(number), {}, from_start=False)
                for number in range(2 * FOLLOWS_LIMIT)
            ]
            answers = await asyncio.gather(*many, return_exceptions=True)
            kept = await follows.list(run.id)
    assert {type(answer) for answer in answers} <= {Follow, FollowLimitError}
    assert len(kept) == sum(isinstance(answer, Follow) for answer in answers) <= FOLLOWS_LIMIT


async def test_one_name_is_one_follow_whoever_is_first() -> None:
    async with MemoryStateStore() as memory:
        store = SeverableStore(memory, suspends=True)
        async with following(Told(), store=store) as (context, follows):
            run = (await context.run(request())).run
            same = [follows.put(run.id, "same", {"n": n}, from_start=False) for n in range(3)]
            await asyncio.gather(*same)
            assert len(await follows.list(run.id)) == 1


async def test_a_run_that_expired_takes_its_follows_along() -> None:
    clock = ManualClock()
    store = MemoryStateStore(clock=clock)
    told = Told(PermanentTaskError("no"))
    runner = StoreTaskRunner(store, clock=clock)
    policy = RunPolicy(retention=timedelta(hours=1))
    options = {"clock": clock, "store": store, "run_policy": policy, "runner": runner}
    async with following(told, **options) as (context, follows):
        run = (await context.run(request())).run
        clock.advance(timedelta(minutes=30))
        follow = await follows.put(run.id, "a", {}, from_start=True)
        await until_status(follows, follow, FollowStatus.DEAD)
        dead = await dead_letter(runner)
        assert len(await store.scan("follow", run.owner.partition)) == 1
        clock.advance(timedelta(minutes=45))
        with pytest.raises(NotFoundError):
            await follows.get(run.id, "a")
        await runner.replay(dead.id)

        async def is_gone() -> bool:
            return not await store.scan("follow", run.owner.partition)

        await until(is_gone)
    assert told.entries == []


class Forgetful(MemoryStateStore):
    """Loses its runs when it is told to."""

    has_lost = False

    async def get(self, key: Key) -> Record | None:
        return None if self.has_lost and key.collection == "run" else await super().get(key)


async def test_a_run_that_is_lost_is_waited_for_no_longer() -> None:
    clock = ManualClock()
    store = Forgetful(clock=clock)
    async with following(Told(), ask, store=store, clock=clock) as (context, follows):
        run = (await context.run(request())).run
        await follows.put(run.id, "a", {}, from_start=False)
        store.has_lost = True

        async def is_gone() -> bool:
            return not await store.scan("follow", run.owner.partition)

        async with passing(clock):
            await until(is_gone)
        store.has_lost = False


async def test_the_next_process_goes_on_where_the_last_one_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    first, second = Hanging(), Told()
    store = DiskStateStore(tmp_path)
    short = timedelta(seconds=0.1)
    async with following(first, ask, store=store, grace=short) as (context, follows):
        run = (await context.run(request())).run
        await follows.put(run.id, "a", {}, from_start=True)
        await first.until("input_required")
        # What cannot be read holds up no other.
        await store.commit([Put(Key(OPEN, WHOLE, "damaged"), b"{}")])
    async with following(second, ask, store=DiskStateStore(tmp_path)) as (_, follows):
        with acting_as("alice"):
            follow = await follows.get(run.id, "a")
            await until_status(follows, follow, FollowStatus.OVER)
    both = [*first.entries, *second.entries]
    assert [sequence for sequence, _ in both] == list(range(len(both)))
    assert both[-1][1] == "run_failed"
    assert "a follow cannot be gone on with" in caplog.text


class Hanging(Told):
    """Does not come back from the end of a run."""

    async def __call__(self, attempt: FollowAttempt) -> None:
        if attempt.run.status.is_terminal:
            await asyncio.Event().wait()
        await super().__call__(attempt)


class Hiccup(MemoryStateStore):
    """Cannot say whether a stream has grown, the first time."""

    failures = 1

    async def wait(self, stream: Key, *, length: int, at_most: timedelta) -> bool:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailableError("not now")
        return await super().wait(stream, length=length, at_most=at_most)


async def test_a_store_that_comes_back_finds_the_wait_going_on() -> None:
    clock = ManualClock()
    told = Told()
    store = Hiccup(clock=clock)
    async with following(told, store=store, clock=clock) as (context, follows), passing(clock):
        run = (await context.run(request())).run
        await follows.put(run.id, "a", {}, from_start=True)
        await told.until("run_completed")
    assert not store.failures
