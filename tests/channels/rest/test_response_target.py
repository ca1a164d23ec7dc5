"""Where a caller wants the answer: a token for them, the answer elsewhere, and only their own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from agent_host import AgentHost
from agent_host.delivery.option import DeliveryOptions
from agent_host.identity.derived_resolver import DerivedIdentityResolver
from agent_host.system import SystemClock
from agent_host.testing.identity_registry import MemoryIdentityRegistry
from agent_host.testing.push_channel import PlatformDouble, PushChannelDouble
from agent_host.types import (
    ChannelIdentity,
    Owner,
    Principal,
    ResponseTarget,
    RunEvent,
    TextDelta,
    Turn,
)
from agent_host_rest import RestChannel, RestConfig
from tests.asgi.admin import NamedAuthenticator, client_of
from tests.delivery.hosting import QUICK, shout

CHAT = ChannelIdentity(channel="chat", account="default", native_id="caller-chat")


@asynccontextmanager
async def hosted(
    target: object = shout, *, chooses: bool = True
) -> AsyncGenerator[tuple[httpx.AsyncClient, PlatformDouble]]:
    """A host whose caller is on chat too."""
    registry, authenticator = MemoryIdentityRegistry(), NamedAuthenticator()
    chat = PushChannelDouble("chat", PlatformDouble())
    host = AgentHost(
        target,
        channels=[RestChannel(RestConfig(callers_choose_target=chooses)), chat],
        authenticator=authenticator,
        delivery=DeliveryOptions(registry=registry, policy=QUICK),
    )
    async with host, client_of(host, "caller") as client:
        principal = Principal(id="caller-7", kind="token")
        key = await DerivedIdentityResolver().resolve_principal(principal)
        owner = Owner(tenant="default", isolation_key=key)
        registry.link(owner, CHAT, seen_at=SystemClock().now())
        yield client, chat.push


async def invoke(client: httpx.AsyncClient, target: Any, **body: Any) -> httpx.Response:
    return await client.post(
        "/invocations", json={"input": "hello", "response_target": target, **body}
    )


IDENTITY = {"channel": "chat", "native_id": CHAT.native_id}


@pytest.mark.parametrize(
    "target",
    [
        {"kind": "active"},
        {"kind": "all_linked"},
        {"kind": "channels", "channels": ["chat"]},
        {"kind": "identities", "identities": [IDENTITY, {**IDENTITY, "native_id": "bob"}]},
    ],
)
async def test_the_caller_gets_a_token_and_the_answer_goes_where_they_are(target: Any) -> None:
    async with hosted() as (client, chat):
        answer = await invoke(client, target)
        assert answer.status_code == 202
        token = answer.json()["token"]
        assert answer.headers["location"].endswith(token)
        await chat.until(lambda: bool(chat.taken))
        assert chat.texts == ["HELLO"]
        run = (await client.get(f"/invocations/{token}")).json()
        assert run["output_text"] == "HELLO"
        note = run["messages"][-1]["metadata"]["agent_host.delivery"]
        assert [one["channel"] for one in note["intended"]] == ["chat"]
        assert "bob" not in str(run)


async def test_nobody_is_a_destination_too() -> None:
    async with hosted() as (client, chat):
        assert (await invoke(client, {"kind": "none"})).status_code == 202
        assert (await invoke(client, {"kind": "originating"})).json()["output_text"] == "HELLO"
        assert not chat.taken


async def test_the_echo_goes_first() -> None:
    async with hosted() as (client, chat):
        await invoke(client, {"kind": "active", "echo_input": True})
        await chat.until(lambda: len(chat.taken) == 2)
        assert chat.texts == ["hello", "HELLO"]


@pytest.mark.parametrize(
    ("target", "more"),
    [
        ({"kind": "active"}, {"stream": True}),
        ({"kind": "odd"}, {}),
        ({"kind": "channels", "channels": []}, {}),
        ({"kind": "identities"}, {}),
        ({"kind": "originating", "echo_input": True}, {}),
        ("active", {}),
    ],
)
async def test_what_makes_no_sense_is_refused(target: Any, more: Any) -> None:
    async with hosted() as (client, _):
        assert (await invoke(client, target, **more)).status_code == 422


async def test_a_channel_that_cannot_push_is_refused() -> None:
    async with hosted() as (client, _):
        answer = await invoke(client, {"kind": "channels", "channels": ["rest"]})
        assert answer.status_code == 400


async def test_callers_choose_only_where_they_may() -> None:
    async with hosted(chooses=False) as (client, chat):
        answer = await invoke(client, {"kind": "active"})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "response_target"
        assert not chat.taken


@pytest.mark.parametrize("chooses", [True, False])
async def test_the_document_says_what_callers_may(*, chooses: bool) -> None:
    async with hosted(chooses=chooses) as (client, _):
        schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
        assert ("response_target" in schemas["Invocation"]["properties"]) is chooses
        assert ("ChannelsTarget" in schemas) is chooses
        Draft202012Validator.check_schema(schemas["Invocation"])


async def test_a_target_that_sends_its_answer_elsewhere_leaves_a_token() -> None:
    class Forwarding:
        async def run(self, turn: Turn) -> AsyncGenerator[RunEvent]:
            turn.route.send_to(ResponseTarget(kind="active"))
            yield TextDelta(text="forwarded")

    async with hosted(Forwarding(), chooses=False) as (client, chat):
        answer = await client.post("/invocations", json={"input": "hello"})
        assert answer.status_code == 202
        assert answer.json()["status"] == "completed"
        await chat.until(lambda: bool(chat.taken))
        assert chat.texts == ["forwarded"]
