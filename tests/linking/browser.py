"""A browser's part of a sign-in, and a host that it can sign in to."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from html import unescape
from typing import Any
from urllib.parse import urljoin

import httpx
from pydantic import SecretStr

from agent_host.asgi.edge_policy import EdgePolicy
from agent_host.linking.oidc.client import OidcClient
from agent_host.linking.oidc.provider import OidcProvider
from agent_host.linking.option import LinkOptions
from agent_host.linking.web.web_linker import WebLinker, WebPolicy
from agent_host.testing.manual_clock import ManualClock
from tests.linking.hosting import Linking, Speaker, linking
from tests.linking.provider import CLIENT_ID, SECRET, Provider

PUBLIC = "https://agent.example"
ISSUER = "https://id.example"
POLICY = WebPolicy(public_url=PUBLIC)
EDGE = EdgePolicy(allowed_hosts=("agent.example",))


class Rerouted(httpx.AsyncHTTPTransport):
    """To a server of this machine, whatever it is called."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = httpx.URL(url)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        place = request.url.copy_with(
            scheme=self._url.scheme, host=self._url.host, port=self._url.port
        )
        return await super().handle_async_request(
            httpx.Request(
                request.method,
                place,
                headers=request.headers,
                stream=request.stream,
                extensions=request.extensions,
            )
        )


class Browser:
    """One person's, with cookies. Follows redirects by hand, so that a test can step in."""

    def __init__(self, url: str, *providers: Provider, public: str = PUBLIC) -> None:
        mounts: dict[str, httpx.AsyncBaseTransport | None] = {
            one.issuer: httpx.ASGITransport(one.app) for one in providers
        }
        mounts[public] = Rerouted(url)
        self.http = httpx.AsyncClient(mounts=mounts, timeout=20)
        self.public = public

    async def get(self, url: str) -> httpx.Response:
        """A page, or a redirect."""
        return await self.http.get(url)

    async def press(self, page_url: str, **fields: str) -> httpx.Response:
        """Send a page's form, as the page's own origin."""
        return await self.http.post(page_url, data=fields, headers={"origin": self.public})

    async def start(self, url: str) -> str:
        """From the address in the conversation to the provider's."""
        page = await self.get(url)
        assert page.status_code == 200, page.text
        assert '<form method="post">' in page.text
        sent = await self.press(url)
        assert sent.status_code == 303, sent.text
        return sent.headers["location"]

    async def sign_in(self, url: str) -> str:
        """To where the provider sends the browser back."""
        back = await self.get(await self.start(url))
        assert back.status_code == 302
        return back.headers["location"]

    async def come_back(self, callback: str) -> httpx.Response:
        """To the consent page, or to what is said instead."""
        answer = await self.get(callback)
        if answer.status_code != 303:
            return answer
        return await self.get(urljoin(callback, answer.headers["location"]))

    async def agree(self, page: httpx.Response, decision: str = "yes") -> httpx.Response:
        """Send the consent page's form."""
        hidden = re.findall(r'name="(\w+)" value="([^"]*)"', page.text)
        fields = {name: unescape(value) for name, value in hidden if name != "decision"}
        address = str(page.url).partition("?")[0]
        return await self.press(address, **fields, decision=decision)

    async def links(self, url: str) -> str:
        """All of it; the number that the conversation has to be told."""
        page = await self.come_back(await self.sign_in(url))
        assert page.status_code == 200, page.text
        return number_on(await self.agree(page))


def number_on(page: httpx.Response) -> str:
    """What the last page shows."""
    found = re.search(r'<strong class="number">(\d{6})</strong>', page.text)
    assert found is not None, page.text
    return found[1]


def client_of(provider: Provider, **changes: Any) -> OidcClient:
    """The host's registration there."""
    chosen: dict[str, Any] = {
        "name": "google",
        "title": "Example ID",
        "issuer": provider.issuer,
        "client_id": CLIENT_ID,
        "client_secret": SecretStr(SECRET),
        **changes,
    }
    return OidcClient(**chosen)


class SignIns:
    """A host with sign-ins, its provider, and browsers."""

    def __init__(self, made: Linking, *providers: Provider) -> None:
        self.made = made
        self.providers = providers
        self.provider = providers[0]
        self.browsers: list[Browser] = []

    def speaker(self, name: str) -> Speaker:
        return self.made.speaker(name)

    def browser(self) -> Browser:
        self.browsers.append(Browser(self.made.url, *self.providers))
        return self.browsers[-1]


@asynccontextmanager
async def signing_in(
    *, changes: dict[str, Any] | None = None, names: tuple[str, ...] = ("google",), **host: Any
) -> AsyncGenerator[SignIns]:
    """Linkers of these names, each of a provider of its own. The first is at `ISSUER`."""
    clock = ManualClock()
    providers = [
        Provider(ISSUER if name == "google" else f"https://{name}.example", clock.now)
        for name in names
    ]
    linkers = [
        WebLinker(
            OidcProvider(
                client_of(provider, **{"name": name, **(changes or {})}),
                http=provider.client(),
                clock=clock,
            ),
            POLICY,
        )
        for name, provider in zip(names, providers, strict=True)
    ]
    async with linking(LinkOptions(linkers=linkers), edge=EDGE, clock=clock, **host) as made:
        ours = SignIns(made, *providers)
        try:
            yield ours
        finally:
            for browser in ours.browsers:
                await browser.http.aclose()
