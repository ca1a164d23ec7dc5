"""One timer ends what takes too long, and nothing else."""

import asyncio
from datetime import timedelta

import pytest

from agent_host.time_limit import TimeLimit

LONG = timedelta(hours=1)
SHORT = timedelta(milliseconds=5)


async def _stay(limit: TimeLimit, until: "asyncio.Future[str]") -> str:
    with limit.stay():
        return await until


def _never() -> "asyncio.Future[str]":
    return asyncio.get_running_loop().create_future()


async def test_what_ends_in_time_is_left_alone() -> None:
    limit = TimeLimit(SHORT)
    done = _never()

    async def quick() -> str:
        said = await _stay(limit, done)
        with pytest.raises(TimeoutError):
            await _stay(limit, _never())  # by now the time of the first is over too
        return said

    task = asyncio.create_task(quick())
    done.set_result("in time")
    assert await task == "in time"


async def test_each_has_its_own_time() -> None:
    limit = TimeLimit(SHORT)
    ended: list[int] = []

    async def late(number: int) -> None:
        with pytest.raises(TimeoutError):
            await _stay(limit, _never())
        ended.append(number)

    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(late(number))
    assert ended == [0, 1, 2]


async def test_the_task_goes_on_afterwards() -> None:
    limit = TimeLimit(SHORT)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await _stay(limit, _never())
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()


async def test_an_error_passes_through() -> None:
    limit = TimeLimit(LONG)
    message = "its own"
    with pytest.raises(ValueError, match=message), limit.stay():
        raise ValueError(message)


async def test_who_is_cancelled_by_others_hears_of_that() -> None:
    limit = TimeLimit(LONG)
    is_inside = _never()

    async def inside() -> None:
        with limit.stay():
            is_inside.set_result("")
            await _never()

    task = asyncio.create_task(inside())
    await is_inside
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_who_is_cancelled_and_late_at_once_is_cancelled() -> None:
    limit = TimeLimit(SHORT)

    async def stubborn() -> None:
        with limit.stay():
            try:
                await _never()
            except asyncio.CancelledError:
                me = asyncio.current_task()
                assert me is not None
                me.cancel()
                raise

    task = asyncio.create_task(stubborn())
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_another_error_in_the_end_is_not_covered_up() -> None:
    limit = TimeLimit(SHORT)
    message = "while cancelled"

    async def cleared_away_badly() -> None:
        with limit.stay():
            try:
                await _never()
            except asyncio.CancelledError:
                raise ValueError(message) from None

    with pytest.raises(ValueError, match=message):
        await cleared_away_badly()


async def test_one_timer_serves_all(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = TimeLimit(LONG)
    loop = asyncio.get_running_loop()
    timers: list[object] = []
    call_at = loop.call_at

    def counted(*args: object, **options: object) -> asyncio.TimerHandle:
        timers.append(args)
        return call_at(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "call_at", counted)
    done: asyncio.Future[str] = loop.create_future()
    done.set_result("at once")
    for _ in range(100):
        await _stay(limit, done)
    assert len(timers) == 1


def test_it_is_for_tasks() -> None:
    async def outside() -> str:
        error: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def stay() -> None:
            try:
                with TimeLimit(LONG).stay():
                    error.set_result("")
            except RuntimeError as refused:
                error.set_result(str(refused))

        asyncio.get_running_loop().call_soon(stay)
        return await error

    assert "a task awaits" in asyncio.run(outside())
