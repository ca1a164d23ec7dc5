"""Tokens are exchanged with Microsoft Entra by MSAL, which keeps none of them."""

import asyncio
import gc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from pydantic import SecretStr
from starlette.responses import JSONResponse, Response

from agent_host.entra.registration import EntraRegistration
from agent_host.errors import (
    ConsentRequiredError,
    ExchangeUnavailableError,
    InteractionRequiredError,
    InvalidGrantError,
    NoCallerTokenError,
    OnBehalfOfError,
)
from agent_host.identity.on_behalf_of.broker import TokenBroker
from agent_host.identity.on_behalf_of.entra import EntraExchange
from agent_host.testing.live_server import live_server
from agent_host.testing.manual_clock import ManualClock
from agent_host.types import Principal
from agent_host.types.on_behalf_of import CallerToken
from agent_host.types.principal import subject_id
from tests.linking.entra import AUTHORITY, CLIENT_ID, SECRET, TENANT, Entra, session_to

SCOPE = "api://orders/read"


class Made(NamedTuple):
    broker: TokenBroker
    entra: Entra
    clock: ManualClock


def caller(value: str = "alices-token", issuer: str | None = None) -> CallerToken:
    who = subject_id(issuer or f"{AUTHORITY}/{TENANT}/v2.0", "alice")
    return CallerToken(value=value, principal=Principal(id=who, kind="token"))


@asynccontextmanager
async def exchanging(*, away: bool = False) -> AsyncGenerator[Made]:
    clock = ManualClock()
    entra = Entra(clock.now)
    registration = EntraRegistration(
        tenant_id=TENANT,
        client_id=CLIENT_ID,
        client_secret=SecretStr(SECRET),
        authority=AUTHORITY,
        setting="on_behalf_of",
    )
    async with live_server(entra.app) as url:
        session = session_to("http://127.0.0.1:1" if away else url)
        exchange = EntraExchange(registration, msal_http=session, clock=clock)
        broker = TokenBroker(exchange, clock=clock)
        async with broker.lifespan():
            yield Made(broker, entra, clock)
        session.close()


async def test_a_token_is_exchanged_once_and_again_shortly_before_it_expires() -> None:
    async with exchanging() as (broker, entra, clock):
        async with asyncio.TaskGroup() as tasks:
            asking = [tasks.create_task(broker.access(caller()).token(SCOPE)) for _ in range(8)]
        assert {task.result().value for task in asking} == {"downstream-1"}
        assert entra.asked[0]["assertion"] == "alices-token"
        assert SCOPE in entra.asked[0]["scope"].split()
        assert "offline_access" not in entra.asked[0]["scope"]
        clock.advance(timedelta(minutes=59))
        assert (await broker.access(caller()).token(SCOPE)).value == "downstream-2"


async def test_tokens_of_version_1_name_the_directory_otherwise() -> None:
    async with exchanging() as (broker, entra, _):
        other = caller(issuer=f"https://sts.windows.net/{TENANT}/")
        assert (await broker.access(other).token(SCOPE)).value == "downstream-1"
        with pytest.raises(NoCallerTokenError):
            await broker.access(caller(issuer="https://sts.windows.net/other/")).token(SCOPE)
        assert len(entra.asked) == 1


@pytest.mark.parametrize(
    ("answer", "status", "expected"),
    [
        (
            {"error": "invalid_grant", "error_codes": [65001], "suberror": "consent_required"},
            400,
            ConsentRequiredError,
        ),
        (
            {"error": "interaction_required", "error_codes": [50076], "claims": '{"a":1}'},
            400,
            InteractionRequiredError,
        ),
        ({"error": "invalid_grant", "error_codes": [500133]}, 400, InvalidGrantError),
        ({"error": "invalid_client"}, 401, InvalidGrantError),
        ({"error": "temporarily_unavailable"}, 503, ExchangeUnavailableError),
    ],
)
async def test_what_entra_says_no_with_has_a_type(
    answer: dict[str, Any], status: int, expected: type[OnBehalfOfError]
) -> None:
    async with exchanging() as (broker, entra, _):
        entra.answers = [JSONResponse(answer, status_code=status)] * 3
        with pytest.raises(expected) as caught:
            await broker.access(caller()).token(SCOPE)
        assert type(caught.value) is expected
        if isinstance(caught.value, InteractionRequiredError):
            assert caught.value.claims == '{"a":1}'


async def test_an_outage_can_be_tried_again() -> None:
    async with exchanging(away=True) as (broker, _, _clock):
        with pytest.raises(ExchangeUnavailableError):
            await broker.access(caller()).token(SCOPE)
    async with exchanging() as (broker, entra, _clock):
        entra.answers = [Response("no json", status_code=502)]
        with pytest.raises(ExchangeUnavailableError):
            await broker.access(caller()).token(SCOPE)


async def test_nothing_of_a_token_is_left_in_memory_when_it_is_over() -> None:
    async with exchanging() as (broker, _, _clock):
        for number in range(3):
            await broker.access(caller(f"token-{number}")).token(SCOPE)
        assert broker.kept == 3
        inside: Any = broker
        cache = inside._exchanger._msal._application.token_cache
        assert [*cache.search(cache.CredentialType.ACCESS_TOKEN)] == []
        assert [*cache.search(cache.CredentialType.REFRESH_TOKEN)] == []
    gc.collect()
    assert broker.kept == 0
