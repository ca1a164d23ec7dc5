"""Callers that channels and authenticators name, for hosts where they are linked."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from agent_host import AgentHost
from agent_host.identity.registry import StoreIdentityRegistry
from agent_host.types import (
    Caller,
    ChannelIdentity,
    ChannelRequest,
    Conversation,
    Message,
    Turn,
)
from tests.identity.people import party

ROOM = Conversation(id="room", kind="group")


def person(
    name: str, channel: str = "chat", *, tenant: str = "default", room: Conversation | None = None
) -> Caller:
    """Whoever a channel saw, as `tests.identity.people` names them."""
    identity = ChannelIdentity(channel=channel, account="bot", native_id=name, tenant=tenant)
    return Caller(channel=channel, account="bot", identity=identity, conversation=room)


def said(caller: Caller, text: str = "hello", **fields: Any) -> ChannelRequest:
    """One turn of theirs."""
    return ChannelRequest(caller=caller, input=(Message.user(text),), **fields)


async def recall(turn: Turn) -> str:
    """All that the conversation has."""
    return " ".join(message.text for message in turn.conversation_messages)


@asynccontextmanager
async def host_of(target: object = recall, **options: Any) -> AsyncGenerator[AgentHost]:
    """A host that has started."""
    async with AgentHost(target, **options) as host:
        yield host


def registry_of(host: AgentHost) -> StoreIdentityRegistry:
    """Where its people are linked."""
    return host.people.registry


async def link(host: AgentHost, joining: str, to: str, **where: str) -> None:
    """Bring one to the other, both of `chat` unless `where` says."""
    await host.people.registry.link(party(joining, **where), party(to, **where))


__all__ = ["ROOM", "host_of", "link", "person", "recall", "registry_of", "said"]
