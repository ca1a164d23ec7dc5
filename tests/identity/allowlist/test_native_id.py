"""Lists of native ids, static and loaded."""

import asyncio
from datetime import timedelta

import pytest

from agent_host.errors import ConfigurationError
from agent_host.identity.allowlist.loaded import LoadedValue
from agent_host.identity.allowlist.native_id import NativeIdAllowlist, NativeIds
from agent_host.testing.manual_clock import ManualClock
from agent_host.types.visitor import Verdict
from tests.identity.visiting import visitor

MINUTE = timedelta(minutes=1)


async def test_ids_are_listed_by_channel_and_others_abstain() -> None:
    listed = NativeIdAllowlist({"chat": ["7", "8"], "@api_key": ["ann"]})
    assert await listed.judge(visitor("7")) is Verdict.ALLOW
    assert await listed.judge(visitor("9")) is Verdict.DENY
    assert await listed.judge(visitor("7", channel="phone")) is Verdict.ABSTAIN
    by_key = visitor("ann", channel="rest", seen_on="@api_key")
    assert await listed.judge(by_key) is Verdict.ALLOW
    assert listed.channels == {"chat", "@api_key"}
    assert not listed.parts


@pytest.mark.parametrize("ids", [{}, {"chat": []}, {"chat": "77"}])
def test_a_list_that_is_none_is_refused(ids: NativeIds) -> None:
    with pytest.raises(ConfigurationError):
        NativeIdAllowlist(ids)


class Loader:
    """Loads what it is told to, or fails."""

    def __init__(self, ids: NativeIds) -> None:
        self.ids: NativeIds | Exception = ids
        self.loads = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self) -> NativeIds:
        self.loads += 1
        await self.gate.wait()
        if isinstance(self.ids, Exception):
            raise self.ids
        return self.ids


async def test_a_loaded_list_is_loaded_again_when_it_is_old() -> None:
    clock, load = ManualClock(), Loader({"chat": ["7"]})
    listed = NativeIdAllowlist.loaded(load, time_to_live=MINUTE, clock=clock)
    assert await listed.judge(visitor("7")) is Verdict.ALLOW
    load.ids = {"chat": ["8"]}
    assert await listed.judge(visitor("7")) is Verdict.ALLOW
    clock.advance(MINUTE)
    assert await listed.judge(visitor("7")) is Verdict.DENY
    assert load.loads == 2
    assert listed.channels == frozenset()


async def test_an_old_list_lets_nobody_in_while_it_cannot_be_loaded() -> None:
    clock, load = ManualClock(), Loader({"chat": ["7"]})
    listed = NativeIdAllowlist.loaded(load, time_to_live=MINUTE, clock=clock)
    await listed.judge(visitor("7"))
    clock.advance(MINUTE)
    load.ids = OSError("away")
    for _ in range(2):
        with pytest.raises(OSError, match="away"):
            await listed.judge(visitor("7"))
    load.ids = {"chat": ["7"]}
    assert await listed.judge(visitor("7")) is Verdict.ALLOW


async def test_many_who_ask_at_once_wait_for_one_load_and_share_its_failure() -> None:
    load = Loader({"chat": ["7"]})
    listed = NativeIdAllowlist.loaded(load, clock=ManualClock())
    for ids, expected in ((OSError("away"), None), ({"chat": ["7"]}, Verdict.ALLOW)):
        load.ids, load.loads = ids, 0
        load.gate.clear()
        asking = [asyncio.ensure_future(listed.judge(visitor("7"))) for _ in range(9)]
        while not load.loads:
            await asyncio.sleep(0)
        load.gate.set()
        answers = await asyncio.gather(*asking, return_exceptions=True)
        assert load.loads == 1
        if expected is None:
            assert all(isinstance(answer, Exception) for answer in answers)
        else:
            assert answers == [expected] * 9


async def test_a_loader_that_hangs_is_given_up() -> None:
    async def hang() -> str:
        await asyncio.Event().wait()
        return "never"

    value = LoadedValue(hang, clock=ManualClock(), load_limit=timedelta(milliseconds=1))
    with pytest.raises(TimeoutError):
        await value.get()
