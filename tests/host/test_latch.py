"""A latch lets go of everybody who waits, once it is set."""

import asyncio

import pytest

from agent_host.host.run.latch import Latch


async def test_everybody_goes_on_and_latecomers_do_not_wait() -> None:
    latch = Latch()
    waiting = [asyncio.ensure_future(latch.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(one.done() for one in waiting)
    latch.set()
    await asyncio.gather(*waiting)
    await latch.wait()


async def test_it_can_be_cleared_and_set_again() -> None:
    latch = Latch()
    latch.set()
    latch.clear()
    assert not latch.is_set
    waiting = asyncio.ensure_future(latch.wait())
    await asyncio.sleep(0)
    latch.set()
    await waiting


async def test_one_who_gives_up_holds_up_nobody() -> None:
    latch = Latch()
    leaving, staying = (asyncio.ensure_future(latch.wait()) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    latch.set()
    await staying
