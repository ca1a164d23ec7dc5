"""The machine's clocks and identifiers, and waiting no longer than a clock allows."""

import asyncio
import time
from datetime import UTC, timedelta

import pytest

from agent_host.protocols.clock import Clock
from agent_host.system import SystemClock, SystemIdFactory, settled_within
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_fixture import let_others_run

HOUR = 3600.0


async def test_the_clocks_are_the_machines() -> None:
    clock = SystemClock()
    before = time.monotonic()
    await clock.sleep(0.001)
    assert clock.monotonic() - before >= 0.001
    assert clock.now().tzinfo is UTC


def test_ids_are_long_and_never_the_same() -> None:
    ids = SystemIdFactory()
    made = [ids.new("run_") for _ in range(10_000)]
    assert len(set(made)) == len(made)
    assert {len(one) for one in made} == {4 + 12 + 32}
    assert all(one.startswith("run_") and int(one[4:], 16) for one in made)
    assert len({one[-32:] for one in made}) == len(made)


def test_ids_sort_by_age() -> None:
    ids = SystemIdFactory()
    ages = [ids.new("")[:12] for _ in range(1000)]
    assert ages == sorted(ages)
    assert abs(int(ages[0], 16) / 1000 - time.time()) < 60


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock()])
@pytest.mark.parametrize("answer", [True, False])
async def test_a_wait_gives_what_the_future_was_set_to(clock: Clock, *, answer: bool) -> None:
    future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_result, answer)
    assert await settled_within(future, HOUR, clock=clock) is answer


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock()])
async def test_a_wait_raises_what_the_future_was_given(clock: Clock) -> None:
    future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_exception, LookupError())
    with pytest.raises(LookupError):
        await settled_within(future, HOUR, clock=clock)


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock()])
async def test_a_cancelled_wait_leaves_nothing_behind(clock: Clock) -> None:
    future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(settled_within(future, HOUR, clock=clock))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert future.done()
    assert len(asyncio.all_tasks()) == 1


async def test_a_wait_ends_with_its_time() -> None:
    loop = asyncio.get_running_loop()
    assert not await settled_within(loop.create_future(), 0.001, clock=SystemClock())
    clock = ManualClock()
    task = asyncio.create_task(settled_within(loop.create_future(), HOUR, clock=clock))
    await clock.until_sleeping()
    clock.advance(timedelta(hours=1))
    assert not await task


async def test_sleepers_wake_in_the_order_of_their_ends() -> None:
    clock = ManualClock()
    woken: list[int] = []

    async def sleep(seconds: int) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    async with asyncio.TaskGroup() as group:
        for seconds in (3, 1, 2, 10, 0):
            group.create_task(sleep(seconds))
        await clock.until_sleeping(4)
        began = clock.now()
        clock.advance(timedelta(seconds=5))
        await let_others_run()
        assert clock.sleeping == 1
        clock.advance(timedelta(seconds=5))
    assert woken == [0, 1, 2, 3, 10]
    assert clock.monotonic() == 10
    assert clock.now() - began == timedelta(seconds=10)


async def test_a_cancelled_sleeper_does_not_count() -> None:
    clock = ManualClock()
    task = asyncio.create_task(clock.sleep(1))
    await clock.until_sleeping()
    task.cancel()
    await asyncio.wait([task])
    assert clock.sleeping == 0
    clock.advance(timedelta(seconds=2))
