"""An issuer over time: keys that come and go, one that is away, and one that says nonsense."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from agent_host.authentication.jwt_key_source import ASK_AGAIN, REFRESH_EVERY, STALE_LIMIT
from agent_host.authentication.jwt_policy import JwtPolicy
from agent_host.errors import AuthenticationUnavailableError, ConfigurationError
from tests.authentication.issuer import AUDIENCE, ISSUER, RSA_KEYS, Issuer, jwk_of
from tests.authentication.test_jwt_verifier import Tokens, open_tokens, policy_of

BOTH = [jwk_of(RSA_KEYS[0], "one"), jwk_of(RSA_KEYS[1], "two")]


async def pass_time(tokens: Tokens, by: timedelta) -> None:
    """Two sleep: who looks for expired tokens, and who fetches keys."""
    await tokens.clock.until_sleeping(2)
    tokens.clock.advance(by)
    await tokens.clock.until_sleeping(2)


async def until_asked(tokens: Tokens, times: int) -> None:
    """Until the keys were asked for so often."""
    while tokens.issuer.asked.count("keys") < times:
        await asyncio.sleep(0)
    await tokens.clock.until_sleeping(2)


async def test_a_new_key_is_found_by_the_first_token_that_names_it() -> None:
    async with open_tokens() as tokens:
        old = await tokens.verify(tokens.sign())
        tokens.issuer.documents = BOTH
        await pass_time(tokens, ASK_AGAIN)
        new = await tokens.verify(tokens.sign(key=RSA_KEYS[1], kid="two"))
        assert new.principal == old.principal
        assert not old.ended


async def test_a_key_that_is_withdrawn_ends_what_goes_on_under_it() -> None:
    async with open_tokens() as tokens:
        token = tokens.sign(claims={"exp": 32_503_680_000})
        proof = await tokens.verify(token)
        tokens.issuer.documents = [jwk_of(RSA_KEYS[1], "two")]
        await pass_time(tokens, REFRESH_EVERY)
        assert proof.ended
        assert await tokens.refuses(token)


async def test_another_key_under_the_same_name_is_another_key() -> None:
    async with open_tokens() as tokens:
        proof = await tokens.verify(tokens.sign())
        tokens.issuer.documents = [jwk_of(RSA_KEYS[1], "one")]
        await pass_time(tokens, REFRESH_EVERY)
        assert proof.ended
        await tokens.verify(tokens.sign(key=RSA_KEYS[1]))


async def test_made_up_key_ids_ask_the_issuer_no_more_than_now_and_then() -> None:
    async with open_tokens() as tokens:
        for number in range(20):
            assert await tokens.refuses(tokens.sign(kid=f"made-up-{number}"))
        assert tokens.issuer.asked.count("keys") == 1
        await pass_time(tokens, ASK_AGAIN)
        for number in range(20):
            assert await tokens.refuses(tokens.sign(kid=f"made-up-{number}"))
        assert tokens.issuer.asked.count("keys") == 2


async def test_many_callers_wait_for_one_fetch_and_one_that_leaves_is_not_missed() -> None:
    async with open_tokens() as tokens:
        tokens.issuer.documents = BOTH
        await pass_time(tokens, ASK_AGAIN)
        token = tokens.sign(key=RSA_KEYS[1], kid="two")
        async with asyncio.TaskGroup() as group:
            waiting = [group.create_task(tokens.verify(token)) for _ in range(10)]
            await asyncio.sleep(0)
            waiting[0].cancel()
        assert {task.result() for task in waiting[1:]} == {await tokens.verify(token)}
        assert tokens.issuer.asked.count("keys") == 2


async def test_an_issuer_that_is_away_stops_nobody_at_once_and_everybody_in_the_end() -> None:
    async with open_tokens() as tokens:
        lasting = {"exp": 32_503_680_000}
        proof = await tokens.verify(tokens.sign(claims=lasting))
        tokens.issuer.away = True
        await pass_time(tokens, REFRESH_EVERY)
        assert not proof.ended
        await tokens.verify(tokens.sign(claims=lasting | {"jti": "new"}))
        await pass_time(tokens, STALE_LIMIT)
        assert proof.ended
        with pytest.raises(AuthenticationUnavailableError):
            await tokens.verify(tokens.sign())
        tokens.issuer.away = False
        await pass_time(tokens, ASK_AGAIN)
        await tokens.verify(tokens.sign(claims=lasting))


async def test_an_issuer_that_is_away_at_the_start_may_come_later() -> None:
    issuer = Issuer()
    issuer.away = True
    async with open_tokens(issuer) as tokens:
        with pytest.raises(AuthenticationUnavailableError):
            await tokens.verify(tokens.sign())
        issuer.away = False
        await tokens.clock.until_sleeping(2)
        tokens.clock.advance(ASK_AGAIN)
        await until_asked(tokens, 1)
        await tokens.verify(tokens.sign())


async def test_the_keys_may_be_named_without_discovery() -> None:
    async with open_tokens(jwks_url=f"{ISSUER}/keys") as tokens:
        await tokens.verify(tokens.sign())
        assert tokens.issuer.asked == ["keys"]


@pytest.mark.parametrize(
    "configuration",
    [
        {"issuer": "https://evil.example", "jwks_uri": f"{ISSUER}/keys"},
        {"issuer": f"{ISSUER}/", "jwks_uri": f"{ISSUER}/keys"},
        {"issuer": ISSUER, "jwks_uri": "http://id.example/keys"},
        {"issuer": ISSUER, "jwks_uri": "file:///etc/passwd"},
        {"issuer": ISSUER, "jwks_uri": 7},
        {"issuer": ISSUER},
        [],
    ],
)
async def test_a_configuration_that_is_not_the_issuers_own_is_not_followed(
    configuration: Any, caplog: pytest.LogCaptureFixture
) -> None:
    issuer = Issuer()
    issuer.configuration = configuration
    async with open_tokens(issuer) as tokens:
        with pytest.raises(AuthenticationUnavailableError):
            await tokens.verify(tokens.sign())
    assert "keys" not in issuer.asked
    assert "`access.jwt`" in caplog.text


@pytest.mark.parametrize(
    "answer",
    [
        PlainTextResponse("hello"),
        PlainTextResponse("[" * 100_000),
        JSONResponse([]),
        JSONResponse({"keys": {}}),
        JSONResponse({"keys": []}),
        JSONResponse({"keys": [7]}),
        JSONResponse({"keys": [jwk_of(RSA_KEYS[0], "one")] * 101}),
        JSONResponse({"keys": [jwk_of(RSA_KEYS[0], "one")], "padding": "a" * 300_000}),
        JSONResponse({"keys": [jwk_of(RSA_KEYS[0], "one")]}, status_code=500),
    ],
)
async def test_keys_that_make_no_sense_are_no_keys(answer: Response) -> None:
    issuer = Issuer()
    issuer.answer = answer
    async with open_tokens(issuer) as tokens:
        with pytest.raises(AuthenticationUnavailableError):
            await tokens.verify(tokens.sign())


async def test_redirects_are_not_followed() -> None:
    issuer = Issuer()
    issuer.redirect()
    async with open_tokens(issuer) as tokens:
        with pytest.raises(AuthenticationUnavailableError):
            await tokens.verify(tokens.sign())
        assert issuer.asked.count("keys") == 1


@pytest.mark.parametrize(
    ("policy", "named"),
    [
        ({"audiences": ()}, "access.jwt.audience"),
        ({"audiences": ("",)}, "access.jwt.audience"),
        ({"algorithms": ()}, "access.jwt.algorithms"),
        ({"algorithms": ("RS256", "HS256")}, "not HS256"),
        ({"algorithms": ("none",)}, "not none"),
        ({"issuer": "http://id.example"}, "access.jwt.issuer"),
        ({"issuer": "id.example"}, "access.jwt.issuer"),
        ({"issuer": "https://user@id.example"}, "access.jwt.issuer"),
        ({"issuer": "https://[id.example"}, "access.jwt.issuer"),
        ({"jwks_url": "http://127.0.0.1.evil.example/keys"}, "access.jwt.jwks_url"),
        ({"jwks_url": "ftp://localhost/keys"}, "access.jwt.jwks_url"),
    ],
)
def test_rules_that_leave_a_door_open_are_refused(policy: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        policy_of(**policy)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:1"])
def test_an_issuer_on_this_machine_needs_no_tls(url: str) -> None:
    assert JwtPolicy(issuer=url, audiences=(AUDIENCE,)).issuer == url
