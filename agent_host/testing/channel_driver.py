"""What a channel tells the contract suites: how to speak its protocol as a client of it does.

A channel's own repository subclasses `ChannelSuite` and overrides two fixtures. A channel that is
installed beside the host is tested by the host's own contract run as well, if it offers its driver
in the entry point group `agent_host.testing.channels`, under its name in `agent_host.channels`;
a channel without a driver fails that run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import httpx

from agent_host.protocols.channel import Channel

DRIVER_GROUP: Final = "agent_host.testing.channels"
WEBSOCKET: Final = "WEBSOCKET"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelAnswer:
    """What came back. `text` is what the person reads, an error's text where `failed`.

    `wire` is everything that was sent, as it was sent: the suites look there for what leaked.
    """

    text: str
    wire: str
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRequest:
    """A well-formed request to one operation, ids made up.

    `method` is HTTP's, or `WEBSOCKET`: `body` is then the first message, sent as text.
    """

    method: str
    path: str
    body: bytes = b""


class ChannelDriver(Protocol):
    """A client of one channel. It keeps nothing between calls; 20 of them are made at once."""

    @property
    def has_sessions(self) -> bool:
        """Whether the protocol has conversations that remember."""
        ...

    @property
    def samples(self) -> Sequence[SampleRequest]:
        """One for every method of every route that is for callers or signed."""
        ...

    def make_channel(self) -> Channel:
        """A new channel under its default name, with made-up secrets where it needs some."""
        ...

    def headers(self, body: bytes, *, person: str) -> Mapping[str, str]:
        """What makes a request with this body pass as the person's: on `caller` routes
        `as_person(person)`, on `signed` ones the platform's signature. With the content type.
        """
        ...

    async def ask(
        self, client: httpx.AsyncClient, text: str, *, person: str, session: str
    ) -> ChannelAnswer:
        """Say `text`, a line of any characters, and wait for the answer. `session` is a
        conversation of the person's, by a name of ASCII letters. The client knows the server's URL.
        """
        ...


__all__ = ["DRIVER_GROUP", "WEBSOCKET", "ChannelAnswer", "ChannelDriver", "SampleRequest"]
