"""The same against a provider that somebody else wrote, in a process of its own."""

import asyncio
import re
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from html import unescape
from subprocess import PIPE, STDOUT
from urllib.parse import urljoin

import httpx
from pydantic import SecretStr

from agent_host.linking.oidc.client import OidcClient
from agent_host.linking.oidc.provider import OidcProvider
from agent_host.linking.option import LinkOptions
from agent_host.linking.web.web_linker import WebLinker, WebPolicy
from agent_host.system import SystemClock
from tests.linking.browser import Rerouted, number_on
from tests.linking.hosting import linking

PUBLIC = "http://localhost:8765"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def provider_mock() -> AsyncGenerator[str]:
    """Its issuer."""
    issuer = f"http://localhost:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "oidc_provider_mock",
        "--port",
        issuer.rpartition(":")[2],
        "--user-claims",
        '{"sub": "alice", "email": "alice@example.org"}',
        stdout=PIPE,
        stderr=STDOUT,
    )
    assert process.stdout is not None
    try:
        said = b""
        while b"running on" not in said:  # the test's own timeout ends a wait that leads nowhere
            line = await process.stdout.readline()
            assert line, said.decode()
            said += line
        yield issuer
    finally:
        process.terminate()
        await process.communicate()


async def test_a_conversation_is_linked_with_an_account_at_another_ones_provider() -> None:
    async with provider_mock() as issuer:
        client = OidcClient(
            name="mock",
            title="Mock",
            issuer=issuer,
            client_id="agent-host",
            client_secret=SecretStr("any"),
            claims=("email",),
        )
        # Its tokens are of the real time.
        provider = OidcProvider(client, clock=SystemClock())
        linker = WebLinker(provider, WebPolicy(public_url=PUBLIC))
        async with linking(LinkOptions(linkers=[linker])) as made:
            phone = made.speaker("phone")
            await phone.says("one")
            offer = await phone.begins()
            mounts: dict[str, httpx.AsyncBaseTransport | None] = {PUBLIC: Rerouted(made.url)}
            async with httpx.AsyncClient(mounts=mounts, timeout=20) as browser:
                sent = await browser.post(offer["url"])
                form_at = sent.headers["location"]
                form = await browser.get(form_at)
                assert form.status_code == 200, form.text
                back = await browser.post(form_at, data={"sub": "alice", "action": "authorize"})
                assert back.status_code == 302, back.text
                callback = back.headers["location"]
                assert callback.startswith(f"{PUBLIC}/link/mock/callback?")
                answer = await browser.get(callback)
                page = await browser.get(urljoin(callback, answer.headers["location"]))
                assert "Mock: alice@example.org" in page.text
                hidden = re.findall(r'name="(at|token)" value="([^"]*)"', page.text)
                fields = {name: unescape(value) for name, value in hidden}
                last = await browser.post(
                    f"{PUBLIC}/link/mock/consent", data={**fields, "decision": "yes"}
                )
                number = number_on(last)
            assert (await phone.confirms(number)).status_code == 200
            assert await phone.says("two") == "one | two"
