"""The edge on real servers: each says in its own way where a connection came in."""

import asyncio

import httpx
import pytest

from agent_host import AgentHost
from agent_host.asgi.edge_policy import EdgePolicy
from agent_host.testing.live_server import ServerName, live_server
from agent_host_rest import RestChannel
from tests.asgi.edge import exchange

SERVERS: list[ServerName] = ["hypercorn", "uvicorn", "granian"]


async def echo(text: str) -> str:
    return text


@pytest.mark.parametrize("server", SERVERS)
async def test_a_rebound_name_and_a_foreign_page_get_nowhere_on_any_server(
    server: ServerName,
) -> None:
    host = AgentHost(echo, channels=[RestChannel()])
    body = {"input": "x"}
    async with live_server(host.app, server=server) as url, httpx.AsyncClient(base_url=url) as own:
        assert (await own.post("/invocations", json=body)).status_code == 200
        for headers, code in (
            ({"host": "evil.example"}, "untrusted_host"),
            ({"origin": "http://evil.example"}, "untrusted_origin"),
        ):
            refused = await own.post("/invocations", json=body, headers=headers)
            assert refused.json()["code"] == code
        page = {"origin": str(own.base_url).rstrip("/")}
        assert (await own.post("/invocations", json=body, headers=page)).status_code == 200


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize(
    "hosts",
    [
        b"Host: localhost\r\nHost: localhost\r\n",
        b"Host: localhost\r\nHost: evil.example\r\n",
        b"Host: evil.example\r\nhOsT: localhost\r\n",
        b"Host: localhost, evil.example\r\n",
        b"Host: localhost\x0bevil\r\n",
        b"Host: local\x00host\r\n",
        b"Host : localhost\r\n",
        b" Host: localhost\r\n",
        b"Host:\r\n",
        b"",
    ],
)
async def test_a_head_that_says_two_things_or_none_is_refused_by_somebody(
    server: ServerName, hosts: bytes
) -> None:
    host = AgentHost(echo, channels=[RestChannel()])
    async with live_server(host.app, server=server) as url, asyncio.timeout(20):
        answer = await exchange(
            url, b"GET /healthz HTTP/1.1\r\n%bConnection: close\r\n\r\n" % hosts
        )
    assert not answer or answer.split(b" ", 2)[1] == b"400", answer


async def test_an_absolute_target_does_not_get_around_the_name() -> None:
    """RFC 9112 §3.2.2: the target would win over Host; here the path of it leads nowhere."""
    host = AgentHost(echo, channels=[RestChannel()], edge=EdgePolicy(allowed_hosts=("a.example",)))
    async with live_server(host.app) as url, asyncio.timeout(20):
        line = b"GET http://evil.example/healthz HTTP/1.1\r\n"
        answer = await exchange(url, line + b"Host: a.example\r\nConnection: close\r\n\r\n")
    assert answer.split(b" ", 2)[1] in {b"400", b"404"}
