"""A target calls a downstream service in the name of whoever its turn is of."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse

from agent_host import AgentHost
from agent_host.authentication.credential import read_credential
from agent_host.context import current_caller_token, current_on_behalf_of, current_principal
from agent_host.errors import NoCallerTokenError
from agent_host.host.run.caller_token import CallerTokens
from agent_host.identity.on_behalf_of.broker import TokenBroker
from agent_host.identity.on_behalf_of.httpx_auth import OnBehalfOfAuth
from agent_host.identity.on_behalf_of.token_exchange import TokenExchange
from agent_host.stores.disk import DiskStateStore
from agent_host.testing.live_server import live_server
from agent_host.types import (
    Caller,
    ChannelRequest,
    InputRequired,
    Message,
    Principal,
    Question,
    RunEvent,
    RunId,
    RunPolicy,
    TargetCapabilities,
    TargetDescription,
    TextDelta,
    Turn,
)
from agent_host.types.on_behalf_of import CallerToken
from agent_host.types.principal import subject_id
from agent_host_rest import RestChannel
from tests.identity.on_behalf_of.exchange import ISSUER, SERVICE, Exchange
from tests.identity.on_behalf_of.test_broker import client

SCOPE = "orders.read"
ALICE = "alice"


class TokenAuthenticator:
    """A bearer token begins with its subject and a dot; `key-...` is an API key."""

    admits_anyone = False
    challenge = "Bearer"

    async def authenticate(self, connection: HTTPConnection) -> Principal:
        token = read_credential(connection.scope["headers"])
        if token.startswith("key-"):
            return Principal(id=token, kind="api_key")
        return Principal(id=subject_id(ISSUER, token.partition(".")[0]), kind="token")


def bytes_under(folder: Path) -> bytes:
    """All that is in any file there."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


class Made(NamedTuple):
    host: AgentHost
    server: Exchange
    http: httpx.AsyncClient

    async def ask(self, text: str = "", *, token: str = ALICE, **body: Any) -> httpx.Response:
        return await self.http.post(
            "/invocations",
            json={"input": text or "orders", **body},
            headers={"authorization": f"Bearer {token}"},
        )

    async def ended(self, run_id: str, token: str = ALICE) -> dict[str, Any]:
        """A run once its stream has ended."""
        headers = {"authorization": f"Bearer {token}"}
        await self.http.get(f"/invocations/{run_id}/events", headers=headers)
        found: dict[str, Any] = (
            await self.http.get(f"/invocations/{run_id}", headers=headers)
        ).json()
        return found


@asynccontextmanager
async def hosting(target: object, server: Exchange, **options: Any) -> AsyncGenerator[Made]:
    broker = TokenBroker(TokenExchange(client(), http=server.client()))
    host = AgentHost(
        target,
        channels=[RestChannel()],
        authenticator=TokenAuthenticator(),
        on_behalf_of=broker,
        **options,
    )
    async with (
        live_server(host.app) as url,
        httpx.AsyncClient(base_url=url, timeout=20) as http,
    ):
        yield Made(host, server, http)


def orders_agent(server: Exchange) -> Any:
    """Fetches the caller's orders."""

    async def agent(text: str) -> str:
        del text
        transport = httpx.ASGITransport(server.app)
        async with httpx.AsyncClient(transport=transport, auth=OnBehalfOfAuth(SCOPE)) as http:
            response = await http.get(f"{SERVICE}/orders")
            return f"{response.status_code} {response.json().get('orders_of')}"

    return agent


async def test_a_target_calls_in_its_callers_name_and_renews_once_after_401() -> None:
    server = Exchange()
    async with hosting(orders_agent(server), server) as made:
        assert (await made.ask()).json()["output_text"] == "200 alice"
        assert (await made.ask()).json()["output_text"] == "200 alice"
        assert len(server.asked) == 1
        server.revoked.add("of-alice-1")
        assert (await made.ask()).json()["output_text"] == "200 alice"
        assert server.called[-2:] == ["of-alice-1", "of-alice-2"]
        server.revoked |= {f"of-alice-{number}" for number in range(9)}
        assert (await made.ask()).json()["output_text"] == "401 None"
        assert len(server.called) == 6  # once more, and not for ever


async def test_callers_at_one_moment_and_on_one_connection_are_not_mixed_up() -> None:
    server = Exchange()
    async with hosting(orders_agent(server), server) as made:
        names = [f"person{number}" for number in range(8)] * 3
        answers = await asyncio.gather(*(made.ask(token=name) for name in names))
        for name, answer in zip(names, answers, strict=True):
            assert answer.json()["output_text"] == f"200 {name}"


async def test_a_run_in_the_background_has_its_own_callers_token() -> None:
    server = Exchange()
    async with hosting(orders_agent(server), server) as made:
        accepted = [await made.ask(token=name, background=True) for name in ("alice", "bob")]
        for name, answer in zip(("alice", "bob"), accepted, strict=True):
            run = await made.ended(answer.json()["token"], name)
            assert run["output_text"] == f"200 {name}"


async def test_a_caller_without_a_token_is_told_so() -> None:
    server = Exchange()
    async with hosting(orders_agent(server), server) as made:
        refused = await made.ask(token="key-1")
        assert (refused.status_code, refused.json()["code"]) == (403, "no_caller_token")
        assert not refused.json()["retryable"]
        server.answers = [JSONResponse({"error": "consent_required"}, status_code=400)]
        refused = await made.ask()
        assert (refused.status_code, refused.json()["code"]) == (403, "consent_required")
        server.answers = [JSONResponse({}, status_code=500)]
        refused = await made.ask()
        assert (refused.status_code, refused.json()["code"]) == (502, "exchange_unavailable")
        assert refused.json()["retryable"]


async def test_a_target_is_given_access_and_no_token_and_what_it_starts_has_neither() -> None:
    server, seen = Exchange(), list[object]()

    async def agent(text: str) -> str:
        seen.extend((current_caller_token.get(), current_on_behalf_of.get() is not None))
        if text == "inner":
            access = current_on_behalf_of.get()
            assert access is not None
            return (await access.token(SCOPE)).value
        before = current_principal.set(Principal(id="robot", kind="api_key"))
        try:
            inner = ChannelRequest(caller=Caller(channel="rest"), input=(Message.user("inner"),))
            hosted = await made.host.context.run(inner)
        finally:
            current_principal.reset(before)
        return hosted.run.failure.code if hosted.run.failure else "nothing failed"

    async with hosting(agent, server) as made:
        assert (await made.ask("outer")).json()["output_text"] == "no_caller_token"
    assert seen == [None, True, None, True]


async def test_where_nothing_is_exchanged_there_is_no_access() -> None:
    async def agent(text: str) -> str:
        del text
        return f"{current_on_behalf_of.get()} {current_caller_token.get()}"

    host = AgentHost(agent, channels=[RestChannel()], authenticator=TokenAuthenticator())
    transport = httpx.ASGITransport(host.app)
    async with host, httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        headers = {"authorization": "Bearer alice"}
        answer = await http.post("/invocations", json={"input": "x"}, headers=headers)
        assert answer.json()["output_text"] == "None None"


class Asking:
    """Asks, and fetches orders once it is answered."""

    description = TargetDescription(name="asking")
    capabilities = TargetCapabilities(streams=True, resumes=True)

    def __init__(self, server: Exchange) -> None:
        self._agent = orders_agent(server)

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        if turn.answer is None:
            yield InputRequired(questions=(Question(prompt="Sure?", schema={"type": "boolean"}),))
        else:
            yield TextDelta(text=await self._agent(""))


async def test_a_run_that_was_asked_goes_on_with_the_token_of_whoever_answered() -> None:
    server = Exchange()
    async with hosting(Asking(server), server) as made:
        run_id = (await made.ask()).json()["id"]
        headers = {"authorization": "Bearer alice"}
        await made.http.post(
            f"/invocations/{run_id}/answer", json={"answer": True}, headers=headers
        )
        assert (await made.ended(run_id))["output_text"] == "200 alice"


async def test_after_a_restart_there_is_no_token_and_the_run_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing of a token is stored or logged, so nothing of it can come back."""
    caplog.set_level(logging.DEBUG)
    url, server, begun = f"disk://{tmp_path / 'state'}", Exchange(), asyncio.Event()

    async def stuck(text: str) -> str:
        access = current_on_behalf_of.get()
        assert access is not None
        token = await access.token(SCOPE)
        begun.set()
        await asyncio.Event().wait()
        return f"{text}{token}"

    policy = RunPolicy(background_limit=1, cancel_grace=timedelta(seconds=0.1))
    options: dict[str, Any] = {"run_policy": policy, "grace": timedelta(seconds=0.1)}
    token = "alice.nowhere"
    store = DiskStateStore.from_url(url)
    async with hosting(stuck, server, store=store, **options) as made:
        await made.ask(token=token, background=True)
        await begun.wait()
        waiting = await made.ask(token=token, background=True)
    kept = bytes_under(tmp_path)
    store = DiskStateStore.from_url(url)
    async with hosting(orders_agent(server), server, store=store, **options) as made:
        run = await made.ended(waiting.json()["token"], token)
        assert run["status"] == "failed"
        assert run["failure"]["code"] == "no_caller_token"
    assert b"alice" in kept  # whose run it is stands there while it waits
    assert b"nowhere" not in kept + bytes_under(tmp_path)
    logged = "\n".join(f"{record.getMessage()} {record.exc_info}" for record in caplog.records)
    assert "nowhere" not in logged
    assert server.asked[0]["subject_token"] == token


async def test_tokens_of_runs_that_wait_are_bounded() -> None:
    tokens = CallerTokens(limit=2)
    assert tokens.take(RunId("run_1")) is None
    tokens.keep(RunId("run_1"))
    assert len(tokens) == 0
    principal = Principal(id="1.i.alice", kind="token")
    before = current_caller_token.set(CallerToken(value="x", principal=principal))
    try:
        for number in range(3):
            tokens.keep(RunId(f"run_{number}"))
    finally:
        current_caller_token.reset(before)
    assert len(tokens) == 2
    assert tokens.take(RunId("run_0")) is None
    assert tokens.take(RunId("run_2")) is not None
    assert tokens.take(RunId("run_2")) is None


async def test_without_a_turn_there_is_nobody_to_call_for() -> None:
    with pytest.raises(NoCallerTokenError):
        async with httpx.AsyncClient(auth=OnBehalfOfAuth(SCOPE)) as http:
            await http.get(f"{SERVICE}/orders")
