"""What most tests of the task runner stand on."""

from collections.abc import AsyncIterator

import pytest

from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def store(clock: ManualClock) -> AsyncIterator[MemoryStateStore]:
    async with MemoryStateStore(clock=clock) as store:
        yield store
