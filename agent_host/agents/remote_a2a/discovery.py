"""Finds an agent's card and keeps it for a while (specification, sections 8.2 and 8.6)."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from agent_host.agents.remote_a2a.card import RemoteCard, read_card
from agent_host.agents.remote_a2a.exchange import Call, Exchange, Reply
from agent_host.agents.remote_a2a.failure import RemoteError, of_status
from agent_host.agents.remote_a2a.option import RemoteA2AOptions

CARD: Final = ".well-known/agent-card.json"
OLDEST_CARD: Final = ".well-known/agent.json"

_NOT_MODIFIED: Final = 304
_ABSENT: Final = frozenset({404, 405, 410})
_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age=([0-9]{1,9})", re.IGNORECASE)


class CardKeeper:
    """The card of the agent at `url`: asked for again when it is older than its sender wants it to
    be kept, or than the options say where that is not said. `seconds` is a clock that only rises.
    """

    def __init__(
        self, exchange: Exchange, url: str, options: RemoteA2AOptions, seconds: Callable[[], float]
    ) -> None:
        self._exchange = exchange
        self._url = url
        self._options = options
        self._seconds = seconds
        self._card: RemoteCard | None = None
        self._place: str | None = None
        self._tag: str | None = None
        self._fresh_until = 0.0

    async def card(self) -> RemoteCard:
        """The card, at most so old. One that cannot be asked for again just now stays in use, but
        not one whose signature is wrong.

        Raises:
            RemoteError: there is none, or it is not signed as it should be.
        """
        card = self._card
        if card is None:
            return await self._find()
        if self._seconds() < self._fresh_until:
            return card
        try:
            reply = await self._ask(self._place or "")
        except RemoteError as error:
            if not error.retryable:
                raise
            return card
        if reply.status == _NOT_MODIFIED:
            self._mark_fresh(reply)
            return card
        return self._taken(reply, self._place or "") if reply.is_ok else card

    async def _find(self) -> RemoteCard:
        for place in _places(self._url):
            reply = await self._ask(place)
            if reply.is_ok:
                return self._taken(reply, place)
            if reply.status not in _ABSENT:
                raise of_status(reply.status, reply.retry_after)
        message = f"There is no agent card: {CARD} is not to be had there."
        raise RemoteError(message, may_have_arrived=False)

    async def _ask(self, place: str) -> Reply:
        headers = {"Accept": "application/json"}
        if self._tag is not None:
            headers["If-None-Match"] = self._tag
        return await self._exchange.ask(Call(method="GET", url=place, headers=headers))

    def _taken(self, reply: Reply, place: str) -> RemoteCard:
        value = reply.json()
        if self._options.card_keys_file is not None:
            # Loads cryptography, for those who ask for it.
            from agent_host.agents.remote_a2a.signature import CardKeys  # noqa: PLC0415

            CardKeys.read(self._options.card_keys_file).check(value)
        card = read_card(
            value,
            is_trusted=self._exchange.is_trusted,
            is_oldest=place.endswith(OLDEST_CARD),
        )
        self._card, self._place, self._tag = card, place, reply.headers.get("etag")
        self._mark_fresh(reply)
        return card

    def _mark_fresh(self, reply: Reply) -> None:
        wish = _MAX_AGE.search(reply.headers.get("cache-control", ""))
        lifetime = self._options.card_lifetime
        if wish is not None:
            lifetime = min(timedelta(seconds=int(wish[1])), timedelta(days=1))
        self._fresh_until = self._seconds() + lifetime.total_seconds()


def _places(url: str) -> Iterator[str]:
    """Where the card may be: the URL itself if it is that of a card, else under it, else under its
    host.
    """
    plain = url.partition("#")[0].partition("?")[0].rstrip("/")
    if plain.endswith(".json"):
        yield url
        return
    scheme, _, rest = plain.partition("://")
    root = f"{scheme}://{rest.partition('/')[0]}"
    for name in (CARD, OLDEST_CARD):
        yield from dict.fromkeys((f"{plain}/{name}", f"{root}/{name}"))


__all__ = ["CARD", "OLDEST_CARD", "CardKeeper"]
