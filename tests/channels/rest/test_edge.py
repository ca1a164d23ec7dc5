"""The edge as REST callers meet it, over HTTP and WebSocket: origins, limits, platforms."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from agent_host.asgi.edge_policy import EdgePolicy, IsolationSource
from agent_host.asgi.request_limit import RequestLimits
from agent_host.context import current_isolation
from agent_host.testing.manual_clock import ManualClock
from agent_host_rest import RestConfig
from tests.channels.rest.hosting import CALLER, hosted, speaking_as
from tests.channels.rest.socket_client import SocketRefusedError, socket

USER, CHAT = "x-agent-user-isolation-key", "x-agent-chat-isolation-key"
TRUSTING = EdgePolicy(trusted_proxies=("127.0.0.0/8",), isolation=IsolationSource.PROXIES)


async def who(text: str) -> str:
    keys = current_isolation.get()
    return f"{keys.user} in {keys.chat}" if keys else f"nobody, {text}"


async def asked(client: httpx.AsyncClient, headers: dict[str, str], **fields: Any) -> Any:
    answer = await client.post("/invocations", json={"input": "hi", **fields}, headers=headers)
    return answer.json()


async def asked_by_socket(client: httpx.AsyncClient, headers: dict[str, str]) -> str:
    async with socket(str(client.base_url), headers=speaking_as("alice") | headers) as ws:
        await ws.send({"input": "hi"})
        (*_, last) = await ws.until("run_completed")
        text: str = last["result"]["messages"][0]["parts"][0]["text"]
        return text


@pytest.mark.parametrize("policy", [None, EdgePolicy(isolation=IsolationSource.NOBODY)])
async def test_spoofed_isolation_headers_do_nothing(policy: EdgePolicy | None) -> None:
    async with hosted(who, edge=policy) as client:
        spoofed = {USER: "bob", CHAT: "c1", "x-forwarded-for": "10.0.0.1"}
        run = await asked(client, spoofed, session_id="s")
        assert run["output_text"] == "nobody, hi"
        assert await asked_by_socket(client, spoofed) == "nobody, hi"
        for headers in ({}, {USER: "somebody else"}):
            again = await client.get(f"/invocations/{run['id']}", headers=headers)
            assert again.status_code == 200


async def test_people_of_a_trusted_proxy_meet_by_no_id() -> None:
    anna, bob = {USER: "anna", CHAT: "c"}, {USER: "bob", CHAT: "c"}
    async with hosted(who, edge=TRUSTING) as client:
        run = await asked(client, anna, session_id="s")
        assert run["output_text"] == "anna in c"
        assert await asked_by_socket(client, bob) == "bob in c"
        missing = await client.get("/invocations/run_missing", headers=bob)
        for headers in (bob, anna | {CHAT: "d"}, {}):
            foreign = await client.get(f"/invocations/{run['id']}", headers=headers)
            assert (foreign.status_code, foreign.content) == (404, missing.content)
            assert (await client.get("/sessions/s", headers=headers)).status_code == 404
        assert (await client.get(f"/invocations/{run['id']}", headers=anna)).status_code == 200
        bad = await client.post("/invocations", json={"input": "x"}, headers={USER: "a b"})
        assert (bad.status_code, bad.json()["code"]) == (400, "invalid_isolation_key")
        with pytest.raises(SocketRefusedError) as caught:
            await asked_by_socket(client, {USER: "a b"})
        assert caught.value.status == 400


async def test_a_background_run_is_for_the_same_as_its_request() -> None:
    anna = {USER: "anna", CHAT: "c"}
    async with hosted(who, edge=TRUSTING) as client:
        accepted = await asked(client, anna, background=True)
        events = await client.get(f"/invocations/{accepted['token']}/events", headers=anna)
        assert "anna in c" in events.text


async def test_a_page_of_another_origin_neither_asks_nor_listens() -> None:
    async with hosted(who) as client:
        evil = {"origin": "http://evil.example"}
        refused = await client.post("/invocations", content=b'{"input":"x"}', headers=evil)
        assert (refused.status_code, refused.json()["code"]) == (403, "untrusted_origin")
        with pytest.raises(SocketRefusedError) as caught:
            await asked_by_socket(client, evil)
        assert caught.value.status == 403
        rebound = await client.post("/invocations", json={"input": "x"}, headers={"host": "evil"})
        assert (rebound.status_code, rebound.json()["code"]) == (400, "untrusted_host")
        own = str(client.base_url).rstrip("/")
        assert await asked_by_socket(client, {"origin": own}) == "nobody, hi"


async def test_a_page_of_a_listed_origin_may_read_errors_too() -> None:
    async with hosted(who, edge=EdgePolicy(allowed_origins=("https://app.example",))) as client:
        page = {"origin": "https://app.example", CALLER: ""}
        refused = await client.post("/invocations", json={"input": "x"}, headers=page)
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == "https://app.example"
        may = await client.options(
            "/invocations", headers=page | {"access-control-request-method": "POST"}
        )
        assert may.status_code == 204


async def test_a_caller_may_have_so_many_at_once() -> None:
    release, entered = asyncio.Event(), asyncio.Event()

    async def slow(text: str) -> str:
        entered.set()
        await release.wait()
        return text

    async with hosted(slow, limits=RequestLimits(requests_at_once=1)) as client:
        first = asyncio.create_task(asked(client, {}))
        await entered.wait()
        refused = await client.post("/invocations", json={"input": "x"})
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_at_once")
        release.set()
        assert (await first)["status"] == "completed"
        assert (await asked(client, {}))["status"] == "completed"


async def test_a_socket_that_floods_is_told_so_and_goes_on() -> None:
    clock = ManualClock()
    limits = RequestLimits(messages_per_second=2)
    async with (
        hosted(who, clock=clock, limits=limits) as client,
        socket(str(client.base_url), headers=speaking_as("alice")) as ws,
    ):
        for _ in range(2):
            await ws.send({"nothing": "good"})
            assert (await ws.receive())["type"] == "error"
        await ws.send({"input": "hi"})
        assert (await ws.receive())["code"] == "rate_limited"
        clock.advance(timedelta(seconds=1))
        await ws.send({"input": "hi"})
        assert (await ws.until("run_completed"))[-1]["type"] == "run_completed"


@pytest.mark.parametrize("depth", [65, 199, 201, 5_000, 100_000])
@pytest.mark.parametrize("brackets", ["[]", "{}"])
async def test_nesting_is_refused_however_deep(depth: int, brackets: str) -> None:
    opening = "[" if brackets == "[]" else '{"a":'
    nested = opening * depth + "1" + brackets[1] * depth
    async with hosted(who, config=RestConfig(nesting_limit=64)) as client:
        answer = await client.post(
            "/invocations",
            content=f'{{"input": {nested}}}',
            headers={"content-type": "application/json"},
        )
        assert answer.status_code == 400
        assert "nested more than 64 levels" in answer.json()["detail"]
        assert (await asked(client, {}))["status"] == "completed"
