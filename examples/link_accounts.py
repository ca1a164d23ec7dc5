"""One person, two channels, one conversation: linked by a one-time code, then by a sign-in.

    PYTHONPATH=.:examples/third_party_channel python examples/link_accounts.py

Needs no outside service: the person, a gateway of text lines, a browser and an identity provider
are all played here. Prints what is said.
"""

import asyncio
import re
import tempfile
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from urllib.parse import urljoin
from uuid import uuid4

import httpx
from agent_host_text_line import TextLineChannel, TextLineConfig
from agent_host_text_line.verify import sign
from pydantic import SecretStr

from agent_host import AgentHost
from agent_host.asgi.edge_policy import EdgePolicy
from agent_host.authentication.api_key_book import ApiKeyBook, KeyWish
from agent_host.authentication.api_key_file import ApiKeyFile
from agent_host.authentication.api_key_verifier import ApiKeyVerifier
from agent_host.authentication.bearer import BearerAuthenticator
from agent_host.linking.code_linker import CodeLinker
from agent_host.linking.oidc.client import OidcClient
from agent_host.linking.oidc.provider import OidcProvider
from agent_host.linking.option import LinkOptions
from agent_host.linking.web.web_linker import WebLinker, WebPolicy
from agent_host.types import Turn
from agent_host_rest import RestChannel
from examples.identity_provider import CLIENT_ID, IdentityProvider

HOST = "https://agent.example"
PROVIDER = "https://id.example"
GATEWAY_SECRET = "a made-up secret of some length"  # noqa: S105 - nobody else's gateway


async def agent(turn: Turn) -> str:
    """Remembers what this person said before."""
    before = () if turn.history is None else turn.history.messages
    said = [message.text for message in before if message.role == "user"]
    return f"You said {turn.text!r}, and before: {', '.join(said) or 'nothing'}."


class Laptop:
    """A script with an API key, over REST."""

    def __init__(self, http: httpx.AsyncClient, key: str) -> None:
        self._http = http
        self._headers = {"authorization": f"Bearer {key}"}

    async def say(self, text: str) -> None:
        """A turn."""
        body = {"input": text, "session_id": "home"}
        response = await self._http.post("/invocations", json=body, headers=self._headers)
        answer = response.raise_for_status().json()["output_text"]
        print(f"laptop> {text}\n        {answer}")

    async def link(self, path: str = "", **body: str) -> dict[str, str]:
        """A step of a link."""
        response = await self._http.post(f"/links{path}", json=body, headers=self._headers)
        answer: dict[str, str] = response.raise_for_status().json()
        return answer

    async def pending(self) -> str:
        """Who wants to be linked."""
        response = await self._http.get("/links", headers=self._headers)
        other: str = response.json()["pending"]["other"]
        return other


class Phone:
    """A person at a text gateway, which signs what it passes on."""

    def __init__(self, http: httpx.AsyncClient, name: str) -> None:
        self._http = http
        self._name = name

    async def say(self, text: str) -> str:
        """A line; the answer to it."""
        body = f"id: {uuid4()}\nfrom: {self._name}\nthread: home\n\n{text}".encode()
        signature = sign(body, secret=GATEWAY_SECRET, account="main", at=datetime.now(UTC))
        response = await self._http.post(
            "/text_line/main", content=body, headers={"x-text-line-signature": signature}
        )
        return response.text

    async def tell(self, text: str) -> None:
        """The same, shown."""
        print(f"phone>  {text}\n        {await self.say(text)}")


async def by_code(laptop: Laptop, phone: Phone) -> None:
    """A code goes one way, a number comes back."""
    print("--- by a one-time code")
    await laptop.say("My name is Ann.")
    await phone.tell("Who am I?")
    offer = await laptop.link()
    print("laptop  is shown a code")
    answer = await phone.say(f"/link {offer['code']}")
    number = found(r"say (\d{6}) there", answer)
    print(f"phone>  /link THE CODE\n        {answer.replace(number, 'THE NUMBER')}")
    print(f"laptop  is asked about {await laptop.pending()!r}, and says THE NUMBER")
    await laptop.link("/confirm", number=number)
    await phone.tell("And now?")
    await laptop.say("I like tea.")
    await phone.tell("/unlink")
    await phone.tell("And after that?")


async def by_sign_in(laptop: Laptop, phone: Phone, browser: httpx.AsyncClient) -> None:
    """Both link with one account at a provider, and so with each other."""
    print("--- by a sign-in")
    address = (await laptop.link(linker="example"))["url"]
    number = await sign_in(browser, address)
    print(f"laptop  is asked about {await laptop.pending()!r}, and says THE NUMBER")
    await laptop.link("/confirm", number=number)
    address = found(r"Open (\S+)", await phone.say("/link example"))
    print("phone>  /link example\n        Open THE ADDRESS")
    number = await sign_in(browser, address)
    print(f"phone>  /link THE NUMBER\n        {await phone.say(f'/link {number}')}")
    await phone.tell("Who am I now?")


async def sign_in(browser: httpx.AsyncClient, address: str) -> str:
    """What a person does in a browser; the number on the last page."""
    started = await browser.post(address)
    signed_in = await browser.get(started.headers["location"])
    callback = signed_in.headers["location"]
    back = await browser.get(callback)
    consent = await browser.get(urljoin(callback, back.headers["location"]))
    names = re.findall(r"<b>(.*?)</b>", consent.text)
    print(f"browser is asked whether {names[0]!r} and {names[1]!r} are one, and says Yes")
    fields = dict(re.findall(r'name="(at|token)" value="([^"]*)"', consent.text))
    form = {name: unescape(value) for name, value in fields.items()}
    last = await browser.post(f"{HOST}/link/example/consent", data={**form, "decision": "yes"})
    return found(r">(\d{6})<", last.text)


def found(pattern: str, text: str) -> str:
    """What a person reads there."""
    match = re.search(pattern, text)
    if match is None:
        raise SystemExit(f"not what was expected: {text}")
    return match[1]


async def main(folder: Path) -> None:
    """Build the host and play everybody."""
    provider = IdentityProvider(PROVIDER, subject="248289761001", email="ann@example.org")
    at_provider = httpx.ASGITransport(provider.app)
    keys = ApiKeyFile(folder / "keys.json")
    new, _ = ApiKeyBook(keys).create(KeyWish(name="laptop", subject="laptop-of-ann-4821"))
    client = OidcClient(name="example", title="Example ID", issuer=PROVIDER, client_id=CLIENT_ID)
    async with httpx.AsyncClient(transport=at_provider) as to_provider:
        sign_ins = WebLinker(OidcProvider(client, http=to_provider), WebPolicy(public_url=HOST))
        host = AgentHost(
            agent,
            channels=[
                RestChannel(),
                TextLineChannel(TextLineConfig(secret=SecretStr(GATEWAY_SECRET))),
            ],
            authenticator=BearerAuthenticator([ApiKeyVerifier(keys)]),
            linking=LinkOptions(linkers=[CodeLinker(), sign_ins]),
            edge=EdgePolicy(allowed_hosts=("agent.example",)),
        )
        to_host = httpx.ASGITransport(host.app)
        everywhere: dict[str, httpx.AsyncBaseTransport | None] = {
            HOST: to_host,
            PROVIDER: at_provider,
        }
        async with (
            host,
            httpx.AsyncClient(transport=to_host, base_url=HOST) as http,
            httpx.AsyncClient(mounts=everywhere) as browser,
        ):
            laptop, phone = Laptop(http, new.text), Phone(http, "phone-of-ann-7733")
            await by_code(laptop, phone)
            await by_sign_in(laptop, phone, browser)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(main(Path(name)))
