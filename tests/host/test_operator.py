"""Runs of everybody, as an operator sees them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from agent_host import AgentHost
from agent_host.errors import NotCancellableError, NotFoundError, RequestError
from agent_host.stores.memory import MemoryStateStore
from agent_host.types import RunStatus, TextDelta
from tests.host.harness import acting_as, request
from tests.host.killed import SurvivingStore


async def echo(text: str) -> str:
    return text


async def stand(text: str) -> AsyncIterator[str]:
    yield text
    await asyncio.Event().wait()


@pytest.fixture(params=[True, False], ids=["durable", "forgetful"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[SurvivingStore | MemoryStateStore]:
    async with MemoryStateStore() as memory:
        yield SurvivingStore(memory) if request.param else MemoryStateStore()


async def test_runs_that_go_on_are_seen_and_cancelled(
    store: SurvivingStore | MemoryStateStore,
) -> None:
    async with AgentHost(stand, store=store) as host:
        with acting_as("alice"):
            async with host.context.stream(request("secret")) as stream:
                async for entry in stream:
                    if isinstance(entry.event, TextDelta):
                        break
                with acting_as("operator"):
                    page = await host.operator.list(status=RunStatus.RUNNING)
                    assert [run.id for run in page.items] == [stream.run.id]
                    shown = await host.operator.show(stream.run.id)
                    assert (shown.events, shown.live) == (2, True)
                    assert "secret" not in repr(shown)
                    run = await host.operator.cancel(stream.run.id)
                    assert run.status is RunStatus.CANCELLED


async def test_all_runs_are_listed_newest_first_by_pages() -> None:
    async with MemoryStateStore() as memory, AgentHost(echo, store=SurvivingStore(memory)) as host:
        made = []
        for name in ("alice", "bob", "alice", "carol", "bob"):
            with acting_as(name):
                made.append((await host.context.run(request())).run.id)
        listed: list[str] = []
        cursor = None
        while True:
            page = await host.operator.list(cursor=cursor, limit=2)
            listed += [run.id for run in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert sorted(listed) == sorted(made)
        assert listed == sorted(listed, reverse=True)
        assert (await host.operator.list(status=RunStatus.FAILED)).items == ()
        with pytest.raises(NotCancellableError):
            await host.operator.cancel(made[0])


async def test_what_is_not_there_and_what_makes_no_sense() -> None:
    async with AgentHost(echo) as host:
        for call in (host.operator.show, host.operator.cancel):
            with pytest.raises(NotFoundError):
                await call("run_unknown")
        with pytest.raises(RequestError):
            await host.operator.list(limit=0)
        with pytest.raises(RequestError):
            await host.operator.list(cursor="../../etc")
