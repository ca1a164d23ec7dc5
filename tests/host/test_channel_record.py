"""What a channel keeps for its callers: each its own, bounded, and never overtaken unseen."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from agent_host.errors import ConflictError, RequestError, TooLargeError
from agent_host.host.record.channel_record import VALUE_LIMIT_BYTES, ChannelRecords, OwnedRecords
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.types import IsolationKey, Owner
from agent_host.types.run_policy import RunPolicy
from agent_host.types.session import SessionPolicy

LIFE = timedelta(days=2)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def records(clock: ManualClock) -> AsyncIterator[ChannelRecords]:
    async with MemoryStateStore(clock=clock) as store:
        yield ChannelRecords(
            store,
            runs=RunPolicy(retention=timedelta(days=1)),
            sessions=SessionPolicy(time_to_live=LIFE),
        )


def of(records: ChannelRecords, who: str = "ada", channel: str = "openai") -> OwnedRecords:
    return records.of(Owner(tenant="default", isolation_key=IsolationKey(who)), channel)


async def test_it_is_kept_changed_and_forgotten(records: ChannelRecords) -> None:
    mine = of(records)
    await mine.put("a", {"n": 1})
    kept = await mine.get("a")
    assert kept is not None
    await mine.put("a", {"n": 2}, expect=kept.version)
    with pytest.raises(ConflictError):
        await mine.put("a", {"n": 3}, expect=kept.version)
    with pytest.raises(ConflictError):
        await mine.put("a", {"n": 3}, expect=0)
    again = await mine.get("a")
    assert again is not None
    assert again.value == {"n": 2}
    await mine.delete("a")
    await mine.delete("a")
    assert await mine.get("a") is None


async def test_nobody_else_and_no_other_channel_sees_it(records: ChannelRecords) -> None:
    await of(records).put("a", {"n": 1})
    assert await of(records, who="bob").get("a") is None
    assert await of(records, channel="other").get("a") is None
    # Names are joined so that no channel's name can reach into another's.
    assert await of(records, channel="6").get("openai.a") is None


async def test_it_lives_as_long_as_sessions_do(records: ChannelRecords, clock: ManualClock) -> None:
    mine = of(records)
    await mine.put("a", {"n": 1})
    clock.advance(LIFE / 2)
    await mine.put("b", {"n": 1})
    clock.advance(LIFE / 2)
    assert await mine.get("a") is None
    assert await mine.get("b") is not None


async def test_it_is_small(records: ChannelRecords) -> None:
    with pytest.raises(TooLargeError):
        await of(records).put("a", {"text": "x" * VALUE_LIMIT_BYTES})


@pytest.mark.parametrize("name", ["", "x" * 257])
async def test_its_name_is_one(records: ChannelRecords, name: str) -> None:
    with pytest.raises(RequestError):
        await of(records).get(name)
