"""Fixtures and waits that the parts of the store's contract suite share."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar

import pytest

from agent_host.protocols.state_store import StateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_factory import StoreFactory
from agent_host.types.store import Key

T = TypeVar("T")

SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
_PATIENCE: Final = 200


class StoreFixture:
    """A store that was entered, on a clock that the test moves."""

    @pytest.fixture
    def factory(self) -> StoreFactory:
        """Override it with the factory of the store to be tested."""
        raise NotImplementedError

    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    async def store(
        self, factory: StoreFactory, clock: ManualClock, tmp_path: Path
    ) -> AsyncIterator[StateStore]:
        async with factory(clock, tmp_path) as store:
            yield store


def key(identifier: str, partition: str = "p", collection: str = "c") -> Key:
    """A key where only some of the parts matter."""
    return Key(collection, partition, identifier)


async def let_others_run() -> None:
    """Give whoever is able to go on every occasion to do so."""
    for _ in range(_PATIENCE):
        await asyncio.sleep(0)


async def with_time(task: asyncio.Task[T], clock: ManualClock, step: timedelta = SECOND) -> T:
    """What the task returns, time passing until it does."""
    while not task.done():
        await _settle(clock)
        clock.advance(step)
    return task.result()


async def until(
    condition: Callable[[], bool], *, clock: ManualClock | None = None, step: timedelta = SECOND
) -> None:
    """Return once the condition holds; with a clock, time passes meanwhile."""
    while not condition():
        if clock is None:
            await let_others_run()
            continue
        await _settle(clock)
        if not condition():
            clock.advance(step)


async def _settle(clock: ManualClock) -> None:
    """Let others run until none of them waits for something real."""
    await let_others_run()
    while clock.at_work:
        await let_others_run()


__all__ = ["MINUTE", "SECOND", "StoreFixture", "key", "let_others_run", "until", "with_time"]
