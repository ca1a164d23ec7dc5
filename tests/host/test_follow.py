"""Following a run: told in order, at least once; tried again, given up, taken up once more."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from agent_host.errors import (
    FollowEndedError,
    NotFoundError,
    PermanentTaskError,
    RetryTaskError,
)
from agent_host.host.follow import attempt as attempt_module
from agent_host.host.follow import dispatcher as dispatcher_module
from agent_host.protocols.follow import FollowAttempt
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.types import (
    FollowCursor,
    FollowStatus,
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
from tests.host.harness import CALLER, request


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
    store = MemoryStateStore()
    async with following(told, ask, store=store) as (context, follows):
        run = (await context.run(request())).run
        follow = await follows.put(run.id, "a", {}, from_start=True)
        await told.until("input_required")
        await until_quiet(store)
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
