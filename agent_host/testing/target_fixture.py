"""How the contract suite gets targets to test, and the turns it gives to them.

An adapter's own repository subclasses `TargetSuite` and overrides its `sample` fixture. An adapter
that is installed beside the host is tested by the host's own contract run if it also offers its
samples, a mapping of `TargetSample` by what they show, in the entry point group
`agent_host.testing.targets`, under its name in `agent_host.adapters`.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Final, TypeAlias

import pytest

from agent_host.protocols.target import Target
from agent_host.registry import adapt_target
from agent_host.types.event import RunEvent
from agent_host.types.identifier import IsolationKey, RunId
from agent_host.types.message import Message
from agent_host.types.principal import Owner, Principal
from agent_host.types.turn import Turn

SAMPLE_GROUP: Final = "agent_host.testing.targets"

Behavior: TypeAlias = Callable[[Sequence[str]], Awaitable[str]]
"""From what the person has said in the conversation, oldest first, to the answer."""

TargetSample: TypeAlias = Callable[[Behavior], object]
"""Makes a new object of the framework's own, whose every answer is the behaviour's. What the
behaviour raises, the object lets through.
"""


class TargetFixture:
    """A sample, and what it takes to run it without a host."""

    @pytest.fixture
    def sample(self) -> TargetSample:
        """Override it with the sample of the adapter to be tested."""
        raise NotImplementedError


def make_turn(run_id: str, text: str) -> Turn:
    """A turn without a session."""
    messages = (Message.user(text),)
    return Turn(
        run_id=RunId(run_id),
        messages=messages,
        input=messages,
        principal=Principal(id="alice", kind="token"),
        owner=Owner(tenant="default", isolation_key=IsolationKey("iso_alice")),
    )


@asynccontextmanager
async def entered(sample: TargetSample, behavior: Behavior) -> AsyncGenerator[Target]:
    """The sample as a target, entered where it wants to be."""
    target = adapt_target(sample(behavior), "sample")
    async with AsyncExitStack() as stack:
        if isinstance(target, AbstractAsyncContextManager):
            await stack.enter_async_context(target)
        yield target


async def repeat(texts: Sequence[str]) -> str:
    """All that was said."""
    return " / ".join(texts)


def texts_of(turn: Turn) -> list[str]:
    """What the person has said in the conversation."""
    return [message.text for message in turn.conversation_messages if message.role == "user"]


async def drain(events: AsyncIterator[RunEvent]) -> list[RunEvent]:
    """All events of a run that asks nothing."""
    return [event async for event in events]


__all__ = [
    "SAMPLE_GROUP",
    "Behavior",
    "TargetFixture",
    "TargetSample",
    "drain",
    "entered",
    "make_turn",
    "repeat",
    "texts_of",
]
