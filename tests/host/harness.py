"""A host without channels, and callers to speak in the name of."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from agent_host import AgentHost
from agent_host.context import current_principal
from agent_host.protocols.host_context import HostContext, RunView
from agent_host.types import (
    Caller,
    ChannelRequest,
    HostedResult,
    JournalEntry,
    Message,
    Principal,
    RunEvent,
)

CALLER = Caller(channel="test")


def request(text: str = "hello", **fields: Any) -> ChannelRequest:
    """One turn of plain text."""
    return ChannelRequest(caller=CALLER, input=(Message.user(text),), **fields)


@contextmanager
def acting_as(name: str) -> Generator[None]:
    """Speak as somebody else for a while."""
    token = current_principal.set(Principal(id=name, kind="token"))
    try:
        yield
    finally:
        current_principal.reset(token)


@asynccontextmanager
async def hosted(target: object, **options: Any) -> AsyncGenerator[HostContext]:
    """The context of a started host; calls are made by one person."""
    host = AgentHost(target, **options)
    async with host:
        with acting_as("alice"):
            yield host.context


async def events_of(context: HostContext, run_id: str, after: int = -1) -> list[RunEvent]:
    """The run's events up to where its stream ends."""
    return [entry.event for entry in await entries_of(context, run_id, after)]


async def entries_of(context: HostContext, run_id: str, after: int = -1) -> list[JournalEntry]:
    """The run's journal up to where its stream ends."""
    view = await context.runs(CALLER)
    return [entry async for entry in view.events(run_id, after=after)]


async def finished(context: HostContext, run_id: str) -> HostedResult:
    """The run once its stream has ended."""
    await entries_of(context, run_id)
    return await (await context.runs(CALLER)).get(run_id)


async def runs_of(context: HostContext) -> RunView:
    """The runs of whoever acts."""
    return await context.runs(CALLER)
