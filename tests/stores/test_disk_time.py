"""Times to live on disk: exact, over restarts, and whatever becomes of the calendar's clock."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.stores.disk_time import Anchor, StoreTime, end_of
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_fixture import key
from agent_host.types.store import Append, Put
from tests.stores.disk_fixture import SetClock, disk_store

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
JUMPS = (timedelta(days=-20_000), -HOUR, HOUR, timedelta(days=20_000))


@pytest.mark.parametrize("jump", JUMPS)
async def test_a_jump_while_it_runs_changes_nothing(tmp_path: Path, jump: timedelta) -> None:
    clock = SetClock()
    async with disk_store(tmp_path, clock) as store:
        await store.commit([Put(key("before"), b"", time_to_live=DAY)])
        clock.set_by(jump)
        await store.commit([Put(key("after"), b"", time_to_live=DAY)])
        await store.commit([Append(key("s"), (b"",), time_to_live=DAY)])
        clock.advance(DAY - HOUR)
        assert not await store.sweep()
    # The clock stays wrong, or was wrong before: what passed is what was seen to pass.
    async with disk_store(tmp_path, clock) as store:
        assert not await store.sweep()
        for name in ("before", "after"):
            assert await store.get(key(name)) is not None
        assert (await store.read(key("s"))).length == 1
        clock.advance(HOUR)
        for name in ("before", "after"):
            assert await store.get(key(name)) is None
        assert (await store.read(key("s"))).length == 0


async def test_a_clock_that_was_set_back_while_it_was_away_loses_nothing(tmp_path: Path) -> None:
    clock = SetClock()
    async with disk_store(tmp_path, clock) as store:
        await store.commit([Put(key("a"), b"", time_to_live=DAY)])
    clock.set_by(timedelta(days=-400))
    async with disk_store(tmp_path, clock) as store:
        clock.advance(DAY - HOUR)
        assert await store.get(key("a")) is not None
        clock.advance(HOUR)
        assert await store.get(key("a")) is None


async def test_time_passes_while_it_is_away(tmp_path: Path) -> None:
    clock = ManualClock()
    async with disk_store(tmp_path, clock) as store:
        await store.commit([Put(key("a"), b"", time_to_live=DAY)])
    clock.advance(DAY)
    async with disk_store(tmp_path, clock) as store:
        assert await store.get(key("a")) is None


async def test_times_without_end_are_kept(tmp_path: Path) -> None:
    clock = ManualClock()
    async with disk_store(tmp_path, clock) as store:
        await store.commit([Put(key("a"), b"", time_to_live=timedelta.max)])
    async with disk_store(tmp_path, clock) as store:
        assert await store.get(key("a")) is not None


@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, 10**6),
            st.integers(-(10**9), 10**9),
            st.sampled_from(["commit", "restart"]),
        )
    )
)
def test_the_stores_time_never_goes_back(steps: list[tuple[int, int, str]]) -> None:
    clock = SetClock()
    time = StoreTime(clock, None)
    noted = Anchor(time.now(), time.now())
    before = time.now()
    passed = 0
    for seconds, jump, what in steps:
        clock.advance(timedelta(seconds=seconds))
        passed += seconds
        clock.set_by(timedelta(seconds=jump / 10**3))
        now = time.now()
        assert now == before + seconds * 1_000_000
        anchor = time.due_anchor(now)
        if anchor is not None:
            noted = anchor
            time.note(anchor)
        if what == "restart":
            time = StoreTime(clock, noted)
            assert abs(time.now() - now) <= 1_000_000
        before = time.now()


@given(
    st.integers(0, 2**53),
    st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=10**6)),
)
def test_ends_are_exact(now: int, life: timedelta) -> None:
    assert end_of(now, life) == min(now + life // timedelta(microseconds=1), 1 << 62)
