"""Numbers of tasks, and the time they are compared with, grow whatever the calendar does."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.protocols.state_store import StateStore
from agent_host.runner.task_order import TaskOrder
from agent_host.runner.task_record import (
    put_task,
    read_task,
    stored_task,
)
from agent_host.runner.timeline import Timeline, at_microseconds, microseconds
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.types.identifier import TaskId
from agent_host.types.store import Put, Record
from agent_host.types.task import Task, TaskSpec, TaskStatus

DAY = timedelta(days=1)


@pytest.fixture
async def store() -> AsyncIterator[StateStore]:
    async with MemoryStateStore() as store:
        yield store


@given(st.lists(st.timedeltas(-1000 * DAY, 1000 * DAY), max_size=9))
def test_time_goes_on_and_only_on(jumps: list[timedelta]) -> None:
    clock = ManualClock()
    timeline = Timeline(clock)
    start = timeline.now()
    for jump in jumps:
        clock.set_by(jump)
        clock.advance(timedelta(seconds=1))
    assert timeline.now() - start == timedelta(seconds=len(jumps))
    timeline.go_on_from(start)
    assert timeline.now() - start == timedelta(seconds=len(jumps))


async def test_numbers_grow_over_restarts_on_a_calendar_set_back(store: StateStore) -> None:
    clock = ManualClock()
    taken: list[int] = []
    for _ in range(4):
        timeline = Timeline(clock)
        order = TaskOrder(store, timeline)
        await order.load()
        for _ in range(3):
            turn = order.take()
            if turn.bound is not None:
                await store.commit(turn.writes)
                order.written(turn)
            taken.append(turn.order)
        assert timeline.now() >= at_microseconds(taken[0])
        clock.set_by(-100 * DAY)
    assert taken == sorted(set(taken))


async def test_the_bound_is_written_rarely(store: StateStore) -> None:
    clock = ManualClock()
    order = TaskOrder(store, Timeline(clock))
    bounds = 0
    for _ in range(120):
        clock.advance(timedelta(seconds=1))
        turn = order.take()
        bounds += turn.bound is not None
        order.written(turn)
    assert bounds == 2


async def test_a_damaged_bound_does_not_keep_a_host_from_starting(store: StateStore) -> None:
    timeline = Timeline(ManualClock())
    (write,) = TaskOrder(store, timeline).take().writes
    assert isinstance(write, Put)
    await store.commit([Put(write.key, b"\x80\x04pickle")])
    order = TaskOrder(store, timeline)
    await order.load()
    assert order.take().order == microseconds(timeline.now())


@given(
    st.binary(),
    st.timedeltas(),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.none() | st.text(st.characters(exclude_categories=["Cs"])),
)
def test_a_task_comes_back_as_it_was_stored(
    payload: bytes, delay: timedelta, kind: str, name: str | None
) -> None:
    at = ManualClock().now()
    task = Task(
        id=TaskId("tsk_1"),
        spec=TaskSpec(
            kind=kind, payload=payload, key=name, lane=name, delay=delay, trace_context={kind: kind}
        ),
        status=TaskStatus.SCHEDULED,
        created_at=at,
        due_at=at + timedelta(microseconds=1),
        last_error=name,
        over_at=at,
    )
    stored = stored_task(task, order=7)
    put = put_task(stored)
    assert read_task(Record(put.key, put.value, 1))[0] == stored.record
