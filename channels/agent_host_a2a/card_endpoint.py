"""Serves the public card, with what a client needs to keep it (specification, section 8.6)."""

from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from agent_host.protocols.host_context import HostContext
from agent_host.wire.json_text import json_bytes
from agent_host.wire.reply import JsonReply
from agent_host_a2a.call import to_version
from agent_host_a2a.card import CardMaker
from agent_host_a2a.config import A2AConfig
from agent_host_a2a.outbound import NOT_MODIFIED
from agent_host_a2a.schema import VERSION_0_3, VERSION_HEADER

_KEPT: Final = 64
"""Cards for different addresses; a client can make up as many as the edge lets through."""


class ServedCard(NamedTuple):
    """A card's bytes and their tag."""

    body: bytes
    tag: bytes


class CardEndpoint:
    """The card of 1.0; that of 0.3 where it is asked for by version."""

    def __init__(self, context: HostContext, config: A2AConfig, maker: CardMaker) -> None:
        self._context = context
        self._config = config
        self._maker = maker
        self._cards: dict[tuple[str, bool], ServedCard] = {}
        self._since: datetime | None = None
        seconds = int(config.card_lifetime.total_seconds())
        self._cache_control = b"public, max-age=%d" % seconds

    async def __call__(self, request: Request) -> Response:
        """Serve it, or say that it is what the client has."""
        headers = dict(request.scope["headers"])
        is_old = VERSION_HEADER in headers and (
            to_version(headers, config=self._config) == VERSION_0_3
        )
        card = self._card(public_base(request, self._config), is_old=is_old)
        since = self._modified()
        known = [
            (b"etag", card.tag),
            (b"last-modified", format_datetime(since, usegmt=True).encode()),
            (b"cache-control", self._cache_control),
            (b"vary", b"A2A-Version"),
        ]
        if _has_it(headers, card.tag, since):
            return Response(status_code=NOT_MODIFIED, headers=_named(known))
        return JsonReply(card.body, headers=known)

    def _card(self, base_url: str, *, is_old: bool) -> ServedCard:
        card = self._cards.get((base_url, is_old))
        if card is None:
            make = self._maker.card_0_3 if is_old else self._maker.card
            body = json_bytes(make(base_url))
            card = ServedCard(body, b'"%b"' % sha256(body).hexdigest()[:32].encode())
            if len(self._cards) >= _KEPT:
                self._cards.pop(next(iter(self._cards)))
            self._cards[base_url, is_old] = card
        return card

    def _modified(self) -> datetime:
        if self._since is None:
            self._since = self._context.clock.now().replace(microsecond=0)
        return self._since


def public_base(request: Request, config: A2AConfig) -> str:
    """Where clients reach the host: as configured, else where this one did."""
    return (config.base_url or str(request.base_url)).rstrip("/")


def _has_it(headers: dict[bytes, bytes], tag: bytes, since: datetime) -> bool:
    tags = headers.get(b"if-none-match")
    if tags is not None:
        known = {item.strip().removeprefix(b"W/") for item in tags.split(b",")}
        return tag in known or b"*" in known
    date = headers.get(b"if-modified-since")
    if date is None:
        return False
    try:
        return parsedate_to_datetime(date.decode("latin-1")) >= since
    except (ValueError, TypeError):
        return False


def _named(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in headers}


__all__ = ["CardEndpoint", "ServedCard", "public_base"]
