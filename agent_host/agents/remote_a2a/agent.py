"""An agent elsewhere as a target. What it can do is what its card says."""

import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from functools import partial
from time import monotonic
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from agent_host.agents.remote_a2a.card import RemoteCard, fit_name
from agent_host.agents.remote_a2a.client import RemoteClient
from agent_host.agents.remote_a2a.discovery import CardKeeper
from agent_host.agents.remote_a2a.exchange import Exchange
from agent_host.agents.remote_a2a.option import RemoteA2AOptions
from agent_host.agents.remote_a2a.origin import origin_of
from agent_host.agents.remote_a2a.thread import Threads
from agent_host.agents.remote_a2a.turn_run import RemoteTurn
from agent_host.calling.feed import Feed, run_producer
from agent_host.errors import ConfigurationError
from agent_host.types.event import RunEvent
from agent_host.types.question import Answer
from agent_host.types.target import TargetCapabilities, TargetDescription
from agent_host.types.turn import Turn

_SCHEME: Final = re.compile(r"a2a\+(?=https?://)")


class RemoteA2AAgent:
    """Calls the agent whose card is at or under `url`: `https://...`, or `a2a+https://...`.

    It keeps the conversation itself, by the context id that it gave; the host stores that id with
    the session. Where the host's store survives the process, a run goes on with its remote task
    after a crash, and questions outlive the process. What was sent when the process died, and not
    answered yet, is sent again under the same message id and `Idempotency-Key`.

    Raises:
        ConfigurationError: it is no such URL.
    """

    def __init__(
        self, url: str, options: RemoteA2AOptions | None = None, *, card: RemoteCard | None = None
    ) -> None:
        plain = _SCHEME.sub("", url.strip(), count=1)
        if origin_of(plain) is None:
            raise ConfigurationError(
                "An agent elsewhere is named as https://host/path or a2a+https://host/path, "
                "without a name or password in it."
            )
        self._url = plain
        self._options = options or RemoteA2AOptions()
        self._description = (
            TargetDescription(name=fit_name(urlsplit(plain).hostname or ""))
            if card is None
            else card.description
        )
        self._threads = Threads(plain)
        self._exit = AsyncExitStack()
        self._exchange: Exchange | None = None
        self._keeper: CardKeeper | None = None

    @classmethod
    async def discover(cls, url: str, options: RemoteA2AOptions | None = None) -> Self:
        """The same, described by its card: name, description, version and skills.

        Raises:
            ConfigurationError: it is no such URL, or the card is not signed as it should be.
            TargetError: there is no card, or it leads nowhere that we can speak to.
        """
        async with cls(url, options) as agent:
            return cls(url, options, card=await agent.card())

    @property
    def url(self) -> str:
        """Where its card is looked for, without `a2a+`."""
        return self._url

    @property
    def description(self) -> TargetDescription:
        """As the card said, where it was read before; else nothing but the host's name."""
        return self._description

    @property
    def capabilities(self) -> TargetCapabilities:
        """It remembers the conversation itself, and goes on where it was."""
        return TargetCapabilities(streams=True, keeps_history=True, checkpoints=True)

    async def __aenter__(self) -> Self:
        client = await self._exit.enter_async_context(Exchange.client(self._options))
        self._exchange = Exchange(client, self._url, self._options)
        self._keeper = CardKeeper(self._exchange, self._url, self._options, monotonic)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._exit.__aexit__(kind, error, traceback)
        self._exchange = self._keeper = None

    async def card(self) -> RemoteCard:
        """Its card, as it was said not long ago.

        Raises:
            ConfigurationError: it is not signed as it should be.
            TargetError: there is none, or it leads nowhere that we can speak to.
        """
        return await self._cards.card()

    def run(self, turn: Turn) -> AsyncGenerator[RunEvent, Answer | None]:
        """Hand the turn on, and stream what comes back.

        Raises:
            TargetError: the agent failed, or could not be spoken to.
        """
        return run_producer(partial(self._answer, turn), turn.cancelled)

    async def _answer(self, turn: Turn, feed: Feed) -> None:
        keeper = self._cards
        exchange = self._exchange
        if exchange is None:
            raise _not_entered()
        one = RemoteTurn(
            turn,
            client=RemoteClient(exchange),
            keeper=keeper,
            threads=self._threads,
            options=self._options,
            agent=self._url,
        )
        await one.run(feed)

    @property
    def _cards(self) -> CardKeeper:
        if self._keeper is None:
            raise _not_entered()
        return self._keeper


def _not_entered() -> RuntimeError:
    return RuntimeError("a target is entered before its first turn")


__all__ = ["RemoteA2AAgent"]
