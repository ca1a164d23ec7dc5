"""Follows that are too many, that come together, that expire, and that outlive their process."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from agent_host.errors import (
    FollowLimitError,
    NotFoundError,
    PermanentTaskError,
    RequestError,
    StoreUnavailableError,
    TooLargeError,
)
from agent_host.host.follow import dispatcher as dispatcher_module
from agent_host.host.follow.dispatcher import FOLLOW_KIND
from agent_host.host.follow.view import FOLLOWS_LIMIT
from agent_host.host.record.follow_record import (
    NAME_LIMIT,
    OPEN,
    VALUE_LIMIT_BYTES,
    WHOLE,
)
from agent_host.protocols.follow import FollowAttempt, FollowView
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.stores.disk import DiskStateStore
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_double import SeverableStore
from agent_host.types import (
    Follow,
    FollowStatus,
    Key,
    Put,
    Record,
    RunPolicy,
    Task,
    TaskSpec,
    TaskStatus,
    Write,
)
from tests.host.following import (
    Told,
    ask,
    dead_letter,
    following,
    passing,
    until,
    until_quiet,
    until_status,
)
from tests.host.harness import CALLER, acting_as, request
from tests.host.killed import process


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


class Hanging(Told):
    """Does not come back from the end of a run."""

    async def __call__(self, attempt: FollowAttempt) -> None:
        if attempt.run.status.is_terminal:
            await asyncio.Event().wait()
        await super().__call__(attempt)


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


async def test_a_quiet_follow_is_taken_up_by_the_next_process() -> None:
    first, second = Told(), Told()
    async with MemoryStateStore() as memory:
        async with process(memory, ask) as context:
            with context.follower(CALLER.channel, first):
                run = (await context.run(request())).run
                follows = await context.follows(CALLER)
                await follows.put(run.id, "a", {}, from_start=True)
                await first.until("input_required")
                await until_quiet(memory)
        async with process(memory, ask) as context:
            with context.follower(CALLER.channel, second):
                await second.until("run_failed")  # nobody can answer what died
    both = [*first.sequences, *second.sequences]
    assert both == list(range(len(both)))


class Dawdling(StoreTaskRunner):
    """Says that it took a task when that is done already."""

    async def schedule(self, spec: TaskSpec, *, alongside: Sequence[Write] = ()) -> Task:
        task = await super().schedule(spec, alongside=alongside)

        async def is_done() -> bool:
            found = await self.get(task.id)
            return found is None or found.status is TaskStatus.SUCCEEDED

        if spec.kind == FOLLOW_KIND:
            await until(is_done)
        return task


async def test_an_attempt_that_is_faster_than_its_acceptance_is_gone_on_with() -> None:
    told = Told()
    store = MemoryStateStore()
    async with following(told, ask, store=store, runner=Dawdling(store)) as (context, follows):
        run = (await context.run(request())).run
        await follows.put(run.id, "a", {}, from_start=True)
        await told.until("input_required")
        await until_quiet(store)
        view = await context.runs(CALLER)
        await view.answer(run.id, {str(run.questions[0].id): "yes"})
        await told.until("run_completed")
