"""Fixtures that the parts of the channel's contract suite share, and the targets they host."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpx
import pytest

from agent_host.app import AgentHost
from agent_host.identity.option import PeopleOptions
from agent_host.protocols.authenticator import Authenticator
from agent_host.protocols.authorizer import Authorizer
from agent_host.testing.channel_driver import ChannelDriver
from agent_host.testing.live_server import live_server
from agent_host.testing.person import PersonAuthenticator
from agent_host.types.turn import Turn

PACKAGE_PREFIX: Final = "agent_host_"
_PATIENCE_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A host that serves, and a client that speaks to it."""

    host: AgentHost
    client: httpx.AsyncClient

    @property
    def url(self) -> str:
        """The server's."""
        return str(self.client.base_url)


class RecordingTarget:
    """Says what it was told, and keeps it."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def run(self, turn: Turn) -> str:
        """Say it again."""
        self.heard.append(turn.text)
        return turn.text


async def recall(turn: Turn) -> str:
    """All that the person has said in this session, oldest first."""
    return " / ".join(
        message.text for message in turn.conversation_messages if message.role == "user"
    )


class ChannelFixture:
    """A channel, its driver, and hosts to mount it on."""

    @pytest.fixture
    def channel_type(self) -> type:
        """Override it with the channel's class."""
        raise NotImplementedError

    @pytest.fixture
    def driver(self) -> ChannelDriver:
        """Override it with the channel's driver."""
        raise NotImplementedError

    @pytest.fixture
    def name(self, channel_type: type) -> str:
        """The channel's name: its package is `agent_host_<name>`."""
        return channel_type.__module__.partition(".")[0].removeprefix(PACKAGE_PREFIX)

    def make_host(
        self,
        target: object,
        driver: ChannelDriver,
        *,
        authenticator: Authenticator | None = None,
        authorizer: Authorizer | None = None,
        people: PeopleOptions | None = None,
    ) -> AgentHost:
        """A host of the driver's channel where `as_person` tells who is calling."""
        return AgentHost(
            target,
            channels=[driver.make_channel()],
            authenticator=authenticator or PersonAuthenticator(),
            authorizer=authorizer,
            people=people,
        )

    @asynccontextmanager
    async def serving(
        self,
        target: object,
        driver: ChannelDriver,
        *,
        authenticator: Authenticator | None = None,
        authorizer: Authorizer | None = None,
        people: PeopleOptions | None = None,
    ) -> AsyncGenerator[Served]:
        """The same, on a real server."""
        host = self.make_host(
            target, driver, authenticator=authenticator, authorizer=authorizer, people=people
        )
        async with (
            live_server(host.app) as url,
            httpx.AsyncClient(base_url=url, timeout=_PATIENCE_SECONDS) as client,
            asyncio.timeout(2 * _PATIENCE_SECONDS),
        ):
            yield Served(host=host, client=client)


__all__ = ["ChannelFixture", "RecordingTarget", "Served", "recall"]
