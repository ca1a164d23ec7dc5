"""How long a card is kept, how it is asked for again, and what happens if it cannot be had."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from agent_host.agents.remote_a2a.discovery import CardKeeper
from agent_host.agents.remote_a2a.exchange import Exchange
from agent_host.agents.remote_a2a.failure import RemoteError
from agent_host.testing.live_server import live_server
from tests.agents.remote_a2a.double import OPTIONS, make_card
from tests.agents.remote_a2a.serving import respond


class Cards:
    """Answers with what it is told to, and notes what it was asked. `now` is the keeper's clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.status = 200
        self.headers = {"etag": '"one"', "cache-control": "public, max-age=10"}
        self.seen: list[tuple[str, str | None]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.seen.append((scope["path"], headers.get("if-none-match")))
        body: Any = make_card(f"http://{headers['host']}/rpc") if self.status == 200 else b""
        await respond(send, self.status, body, self.headers)


@asynccontextmanager
async def keeper(cards: Cards, path: str = "") -> AsyncGenerator[CardKeeper]:
    async with live_server(cards) as url, Exchange.client(OPTIONS) as client:
        exchange = Exchange(client, url, OPTIONS)
        yield CardKeeper(exchange, url + path, OPTIONS, lambda: cards.now)


async def test_it_is_asked_for_again_by_its_tag_when_it_is_old() -> None:
    cards = Cards()
    async with keeper(cards) as kept:
        first = await kept.card()
        cards.now = 9
        assert await kept.card() is first
        assert len(cards.seen) == 1
        cards.now, cards.status = 11, 304
        assert await kept.card() is first
        cards.now, cards.status = 22, 200
        assert await kept.card() == first
    assert [tag for _, tag in cards.seen] == [None, '"one"', '"one"']


async def test_one_that_cannot_be_asked_for_just_now_stays_in_use() -> None:
    cards = Cards()
    cards.headers = {}
    async with keeper(cards) as kept:
        first = await kept.card()
        cards.now, cards.status = 1e6, 500
        assert await kept.card() is first


@pytest.mark.parametrize(("status", "said"), [(404, "no agent card"), (500, "an error")])
async def test_one_that_was_never_there(status: int, said: str) -> None:
    cards = Cards()
    cards.status = status
    async with keeper(cards, "/agents/one") as kept:
        with pytest.raises(RemoteError, match=said):
            await kept.card()
    looked = [path for path, _ in cards.seen]
    assert looked[0] == "/agents/one/.well-known/agent-card.json"
    assert len(looked) == (4 if status == 404 else 1)


async def test_the_url_may_be_the_cards() -> None:
    cards = Cards()
    async with keeper(cards, "/x/card.json?a=1") as kept:
        assert (await kept.card()).streams
    assert [path for path, _ in cards.seen] == ["/x/card.json"]
