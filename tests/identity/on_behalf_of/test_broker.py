"""Tokens are exchanged once, kept until shortly before they expire, and given to nobody else."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from pydantic import SecretStr
from starlette.responses import JSONResponse, RedirectResponse, Response

from agent_host.errors import (
    ConfigurationError,
    ConsentRequiredError,
    ExchangeUnavailableError,
    InteractionRequiredError,
    InvalidGrantError,
    NoCallerTokenError,
    OnBehalfOfError,
)
from agent_host.identity.on_behalf_of.broker import TokenBroker
from agent_host.identity.on_behalf_of.token_exchange import TokenExchange, TokenExchangeClient
from agent_host.testing.manual_clock import ManualClock
from agent_host.types import Principal
from agent_host.types.on_behalf_of import CallerToken, GrantedToken
from agent_host.types.principal import subject_id
from tests.identity.on_behalf_of.exchange import ENDPOINT, ISSUER, Exchange

SECRET = SecretStr("shh/")


class Made(NamedTuple):
    broker: TokenBroker
    server: Exchange
    clock: ManualClock


def caller(value: str = "alice", *, issuer: str = ISSUER, **fields: Any) -> CallerToken:
    who: dict[str, Any] = {"id": subject_id(issuer, "alice"), "kind": "token", **fields}
    return CallerToken(value=value, principal=Principal(**who))


def client(**changes: Any) -> TokenExchangeClient:
    values: dict[str, Any] = {
        "issuer": ISSUER,
        "token_endpoint": ENDPOINT,
        "client_id": "agent-host",
        "client_secret": SECRET,
        **changes,
    }
    return TokenExchangeClient(**values)


@asynccontextmanager
async def exchanging(limit: int = 1024, **changes: Any) -> AsyncGenerator[Made]:
    server, clock = Exchange(), ManualClock()
    exchange = TokenExchange(client(**changes), http=server.client(), clock=clock)
    broker = TokenBroker(exchange, clock=clock, tokens_limit=limit)
    async with broker.lifespan():
        yield Made(broker, server, clock)


async def test_a_token_is_exchanged_once_and_again_shortly_before_it_expires() -> None:
    async with exchanging() as (broker, server, clock):
        access = broker.access(caller())
        token = await access.token("orders.read", "orders.write")
        assert token.value == "of-alice-1"
        assert token.authorization == "Bearer of-alice-1"
        assert token.scopes == ("orders.read", "orders.write")
        assert token.expires_at == clock.now() + timedelta(hours=1)
        assert server.asked[0]["subject_token"] == "alice"
        assert server.asked[0]["scope"] == "orders.read orders.write"
        clock.advance(timedelta(minutes=58))
        again = await broker.access(caller()).token("orders.write", "orders.read")
        assert again.value == "of-alice-1"
        clock.advance(timedelta(minutes=1))
        assert (await access.token("orders.read", "orders.write")).value == "of-alice-2"


async def test_a_token_is_given_to_nobody_else() -> None:
    """Another caller's token, another tenant, another scope: each is exchanged for itself."""
    async with exchanging() as (broker, server, _):
        given = [
            (await broker.access(who).token(scope)).value
            for who, scope in (
                (caller(), "a"),
                (caller(), "b"),
                (caller("alice-with-less"), "a"),
                (caller(tenant="other"), "a"),
                (caller(id=subject_id(ISSUER, "bob")), "a"),
            )
        ]
        assert len({*given}) == len(given) == len(server.asked)


async def test_all_who_ask_at_once_wait_for_one_answer_and_one_who_leaves_takes_nothing() -> None:
    async with exchanging() as (broker, server, _):
        server.hold.clear()
        async with asyncio.TaskGroup() as tasks:
            asking = [tasks.create_task(broker.access(caller()).token("a")) for _ in range(5)]
            while not server.asked:
                await asyncio.sleep(0)
            asking[0].cancel()
            server.hold.set()
        assert {task.result().value for task in asking[1:]} == {"of-alice-1"}
        assert len(server.asked) == 1


async def test_what_comes_when_everybody_has_left_is_kept_and_a_failure_troubles_nobody() -> None:
    async with exchanging() as (broker, server, _):
        for answers in ([Response(status_code=503)], []):
            server.answers, before = [*answers], len(server.asked)
            server.hold.clear()
            async with asyncio.TaskGroup() as tasks:
                asking = tasks.create_task(broker.access(caller()).token("a"))
                while len(server.asked) == before:
                    await asyncio.sleep(0)
                asking.cancel()
            server.hold.set()
            while server.answers or (not answers and not broker.kept):
                await asyncio.sleep(0)
        assert (await broker.access(caller()).token("a")).value == "of-alice-2"
        assert len(server.asked) == 2


async def test_a_refused_token_is_renewed_once_for_all_who_were_refused() -> None:
    async with exchanging() as (broker, server, _):
        first = await broker.access(caller()).token("a")
        second = await broker.access(caller()).token("a")
        renewed = await first.refresh()
        assert renewed.value == "of-alice-2"
        assert (await second.refresh()).value == "of-alice-2"  # the other had it renewed already
        assert (await broker.access(caller()).token("a")).value == "of-alice-2"
        assert len(server.asked) == 2


async def test_memory_is_bounded_and_what_was_used_last_stays() -> None:
    async with exchanging(limit=2) as (broker, server, _):
        for scope in ("a", "b", "a", "c", "a"):
            await broker.access(caller()).token(scope)
        assert broker.kept == 2
        assert len(server.asked) == 3
        await broker.access(caller()).token("b")
        assert len(server.asked) == 4
    assert broker.kept == 0


@pytest.mark.parametrize("expires_in", [None, 0, -5, True, "3600", 30])
async def test_a_token_that_does_not_say_how_long_it_lasts_is_used_once(expires_in: object) -> None:
    async with exchanging() as (broker, server, _):
        server.expires_in = expires_in
        for _ in range(2):
            await broker.access(caller()).token("a")
        assert len(server.asked) == 2


async def test_no_token_lasts_longer_than_a_day_here() -> None:
    async with exchanging() as (broker, server, clock):
        server.expires_in = 10**18
        token = await broker.access(caller()).token("a")
        assert token.expires_at == clock.now() + timedelta(days=1)


async def test_a_turn_without_a_token_of_this_server_has_none_and_nobody_is_asked() -> None:
    """Token substitution: a token goes to the server of its own issuer and to no other."""
    async with exchanging() as (broker, server, _):
        for token in (
            None,
            caller(issuer="https://evil.example"),
            caller(issuer=ISSUER + "/"),
            caller(kind="api_key"),
        ):
            with pytest.raises(NoCallerTokenError):
                await broker.access(token).token("a")
        assert server.asked == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"error": "invalid_grant"}, InvalidGrantError),
        ({"error": "invalid_scope"}, InvalidGrantError),
        ({"error": "invalid_target"}, InvalidGrantError),
        ({"error": "consent_required"}, ConsentRequiredError),
        ({"error": "invalid_grant", "suberror": "consent_required"}, ConsentRequiredError),
        ({"error": "invalid_grant", "error_codes": [65001]}, ConsentRequiredError),
        ({"error": "interaction_required", "claims": '{"x":1}'}, InteractionRequiredError),
        ({"error": "login_required"}, InteractionRequiredError),
        ({"error": "invalid_grant", "error_codes": [50076]}, InteractionRequiredError),
        ({"error": "temporarily_unavailable"}, ExchangeUnavailableError),
        ({}, InvalidGrantError),
    ],
)
async def test_a_refusal_has_a_type_and_is_not_tried_again(
    answer: dict[str, object], expected: type[OnBehalfOfError]
) -> None:
    secret = {**answer, "error_description": "of somebody's token"}
    async with exchanging() as (broker, server, _):
        server.answers = [JSONResponse(secret, status_code=400)]
        with pytest.raises(expected) as caught:
            await broker.access(caller()).token("a")
        assert type(caught.value) is expected
        assert "somebody" not in str(caught.value)
        assert caught.value.retryable is (expected is ExchangeUnavailableError)
        assert len(server.asked) == 1
        if isinstance(caught.value, InteractionRequiredError):
            assert caught.value.claims == answer.get("claims")
        assert (await broker.access(caller()).token("a")).value == "of-alice-2"


@pytest.mark.parametrize(
    "answer",
    [
        Response(status_code=503),
        Response(status_code=429),
        Response("no json"),
        Response("[" * 100_000),
        Response("x" * 300_000),
        JSONResponse(["x"]),
        JSONResponse({"access_token": 7, "token_type": "Bearer"}),
        JSONResponse({"access_token": "x", "token_type": "N_A"}),
        JSONResponse({"token_type": "Bearer"}),
        RedirectResponse("https://evil.example/token"),
    ],
)
async def test_a_server_that_makes_no_sense_is_an_outage(answer: Response) -> None:
    async with exchanging() as (broker, server, _):
        server.answers = [answer]
        with pytest.raises(OnBehalfOfError) as caught:
            await broker.access(caller()).token("a")
        assert caught.value.retryable


async def test_the_downstream_service_is_named_where_the_server_asks_for_it() -> None:
    async with exchanging(audience="api://orders", resource="https://orders.example") as made:
        made.server.members = {"scope": "orders.read other"}
        token = await made.broker.access(caller()).token("orders.read")
        assert token.scopes == ("orders.read", "other")
        assert made.server.asked[0]["audience"] == "api://orders"
        assert made.server.asked[0]["resource"] == "https://orders.example"


async def test_a_broker_that_is_closed_gives_nothing() -> None:
    server = Exchange()
    broker = TokenBroker(TokenExchange(client(), http=server.client()))
    with pytest.raises(ExchangeUnavailableError):
        await broker.access(caller()).token("a")


async def test_tokens_are_in_no_representation() -> None:
    async with exchanging() as (broker, _, _):
        who = caller("the-callers-token")
        access = broker.access(who)
        token = await access.token("a")
        shown = f"{who!r} {access!r} {token!r} {broker!r} {client()!r}"
        for secret in ("the-callers-token", token.value, "shh"):
            assert secret not in shown


@pytest.mark.parametrize(
    "changes",
    [
        {"token_endpoint": "http://id.example/token"},
        {"client_id": ""},
        {"client_secret": SecretStr("")},
    ],
)
def test_a_client_that_would_show_tokens_to_others_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        client(**changes)


async def test_a_server_that_does_not_answer_is_not_waited_for() -> None:
    class Silent(TokenExchange):
        async def exchange(self, token: CallerToken, scopes: tuple[str, ...]) -> GrantedToken:
            raise TimeoutError

    broker = TokenBroker(Silent(client()))
    async with broker.lifespan():
        with pytest.raises(ExchangeUnavailableError):
            await broker.access(caller()).token("a")
    with pytest.raises(ExchangeUnavailableError):
        await TokenExchange(client()).exchange(caller(), ("a",))


async def test_a_client_of_its_own_reaches_nobody_who_is_not_there() -> None:
    exchange = TokenExchange(client(token_endpoint="http://127.0.0.1:1/token"))
    async with exchange.lifespan():
        with pytest.raises(ExchangeUnavailableError):
            await exchange.exchange(caller(), ("a",))


async def test_who_waits_when_the_host_goes_down_is_told_so() -> None:
    async with exchanging() as (broker, server, _):
        server.hold.clear()
        asking = asyncio.ensure_future(broker.access(caller()).token("a"))
        while not server.asked:
            await asyncio.sleep(0)
    with pytest.raises(ExchangeUnavailableError):
        await asking
