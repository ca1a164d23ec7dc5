"""Up in order, down in reverse, and nothing half-started is left."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from types import TracebackType
from typing import ClassVar, Self

import httpx
import pytest
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from agent_host import AgentHost
from agent_host.errors import ConfigurationError, DrainingError, StoreUnavailableError
from agent_host.protocols.channel import ChannelRoute, RouteAccess
from agent_host.protocols.host_context import HostContext
from agent_host.stores.memory import MemoryStateStore
from agent_host.types import RunEvent, RunPolicy, RunStatus, TextDelta, Turn
from tests.host.harness import acting_as, hosted, request


class Config(BaseModel):
    """Nothing to set."""


class Noisy:
    """A channel that notes when it is opened and closed."""

    config_type: ClassVar[type[BaseModel]] = Config

    def __init__(self, name: str, path: str, notes: list[str], *, fails: bool = False) -> None:
        self.name = name
        self._path = path
        self._notes = notes
        self._fails = fails

    def routes(self, context: HostContext) -> Sequence[ChannelRoute]:
        async def answer(_: Request) -> Response:
            return PlainTextResponse("open" if context.healthy else "closed")

        route = Route(self._path, answer)
        return [ChannelRoute(route=route, access=RouteAccess.PUBLIC)]

    @asynccontextmanager
    async def lifespan(self, context: HostContext) -> AsyncGenerator[None]:
        if self._fails:
            raise ConfigurationError("no token")
        self._notes.append(f"{self.name} up")
        try:
            yield
        finally:
            self._notes.append(f"{self.name} down, healthy {context.healthy}")


class NoisyTarget:
    """A target with something to open."""

    def __init__(self, notes: list[str]) -> None:
        self._notes = notes

    async def __aenter__(self) -> Self:
        self._notes.append("target up")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._notes.append("target down")

    async def run(self, text: str) -> str:
        return text


async def test_parts_start_in_order_and_stop_in_reverse() -> None:
    notes: list[str] = []
    channels = [Noisy("one", "/1", notes), Noisy("two", "/2", notes)]
    async with hosted(NoisyTarget(notes), channels=channels):
        assert notes == ["target up", "one up", "two up"]
    assert notes[3:] == ["two down, healthy False", "one down, healthy False", "target down"]


async def test_what_started_is_unwound_when_a_later_part_fails() -> None:
    notes: list[str] = []
    store = MemoryStateStore()
    channels = [Noisy("one", "/1", notes), Noisy("two", "/2", notes, fails=True)]
    with pytest.raises(ConfigurationError, match="no token"):
        async with hosted(NoisyTarget(notes), store=store, channels=channels):
            pass
    assert notes == ["target up", "one up", "one down, healthy True", "target down"]
    with pytest.raises(StoreUnavailableError):
        await store.check()


async def test_doubled_names_and_paths_are_refused() -> None:
    notes: list[str] = []
    with pytest.raises(ConfigurationError, match="'one'"):
        AgentHost(NoisyTarget(notes), channels=[Noisy("one", "/1", notes)] * 2)
    with pytest.raises(ConfigurationError, match="/same"):
        AgentHost(
            NoisyTarget(notes),
            channels=[Noisy("one", "/same", notes), Noisy("two", "/same", notes)],
        )
    with pytest.raises(ConfigurationError, match="healthz"):
        AgentHost(NoisyTarget(notes), channels=[Noisy("one", "/healthz", notes)])
    with pytest.raises(ConfigurationError, match="cannot be called"):
        AgentHost(NoisyTarget(notes), channels=[Noisy("One!", "/1", notes)])


async def test_a_host_is_started_once() -> None:
    host = AgentHost(NoisyTarget([]))
    async with host:
        pass
    with pytest.raises(ConfigurationError, match="once"):
        async with host:
            pass


class Slow:
    """Says a word, then waits until it may end."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        yield TextDelta(text="begun ")
        self.begun.set()
        await self.may_end.wait()
        yield TextDelta(text="and done")


async def test_draining_refuses_new_turns_and_lets_running_ones_end() -> None:
    target = Slow()
    host = AgentHost(target)
    async with host:
        with acting_as("alice"):
            running = asyncio.ensure_future(host.context.run(request()))
            await target.begun.wait()
            host.begin_draining()
            assert not host.context.healthy
            with pytest.raises(DrainingError):
                await host.context.run(request())
            target.may_end.set()
    outcome = await running
    assert outcome.result is not None
    assert outcome.result.text == "begun and done"


async def test_what_does_not_end_within_the_grace_is_marked_interrupted() -> None:
    target = Slow()
    policy = RunPolicy(cancel_grace=timedelta(seconds=0.1))
    host = AgentHost(target, run_policy=policy, grace=timedelta(seconds=0.1))
    async with host:
        with acting_as("alice"):
            running = asyncio.ensure_future(host.context.run(request()))
            await target.begun.wait()
    outcome = await running
    assert outcome.run.status is RunStatus.FAILED
    assert outcome.run.failure is not None
    assert (outcome.run.failure.code, outcome.run.failure.retryable) == ("interrupted", True)


async def test_readiness_follows_the_life_of_the_host() -> None:
    host = AgentHost(NoisyTarget([]))
    transport = httpx.ASGITransport(host.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 503
        async with host:
            assert (await client.get("/readyz")).status_code == 200
            host.begin_draining()
            assert (await client.get("/readyz")).json()["failing"] == ["accepting"]
            assert (await client.get("/healthz")).status_code == 200
