"""Tokens: rules that are loose, an issuer that is away, clocks that are apart."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from agent_host.doctor.issuer import check_issuer, check_tokens, judge_skew
from agent_host.doctor.situation import Wishes
from agent_host.testing.live_server import live_server
from tests.authentication.issuer import Issuer
from tests.doctor.case import said, situation

NOW = datetime(2026, 6, 1, tzinfo=UTC)
TIGHT = {"issuer": "https://id.example", "audience": ["me"], "call_scopes": ["agent:call"]}


def tokens(**jwt: Any) -> str:
    return said(check_tokens(situation(access={"jwt": TIGHT | jwt})))


def test_tight_rules_are_good() -> None:
    assert said(check_tokens(situation())).startswith("skipped")
    assert tokens().startswith("ok: Tokens need an audience, a scope and one of: RS256")


@pytest.mark.parametrize(
    ("loose", "named"),
    [
        ({"leeway": "10m"}, "AGENT_HOST_ACCESS__JWT__LEEWAY"),
        ({"call_scopes": []}, "access.jwt.call_scopes"),
        ({"admin_scopes": ["agent:call"]}, "access.jwt.admin_scopes"),
    ],
)
def test_loose_rules_are_worth_a_word(loose: dict[str, Any], named: str) -> None:
    lines = tokens(**loose)
    assert lines.startswith("warning")
    assert named in lines


def test_nobody_is_asked_who_is_not_needed() -> None:
    assert said(check_issuer(situation())).startswith("skipped: No tokens")
    offline = situation(access={"jwt": TIGHT}, wishes=Wishes(offline=True))
    assert said(check_issuer(offline)).startswith("skipped: --offline")


async def asked(url: str) -> str:
    case = situation(access={"jwt": TIGHT | {"issuer": url}})
    return said(await asyncio.to_thread(lambda: list(check_issuer(case))))


async def test_an_issuer_that_answers_is_good() -> None:
    issuer = Issuer()
    async with live_server(issuer.app) as url:
        issuer.configuration = {"issuer": url, "jwks_uri": f"{url}/keys"}
        assert (await asked(url)).startswith("ok: The token issuer answers and has 1 keys")


async def test_an_issuer_that_gives_no_keys_is_a_problem() -> None:
    issuer = Issuer()
    async with live_server(issuer.app) as url:
        issuer.configuration = {"issuer": url, "jwks_uri": f"{url}/keys"}
        issuer.documents = []
        assert "no key for signatures" in await asked(url)
        issuer.answer = PlainTextResponse("sorry", 500)
        assert (await asked(url)).startswith("problem: The token issuer gives no keys")
    assert (await asked(url)).startswith("problem")


@pytest.mark.parametrize(
    ("date", "status"),
    [
        (format_datetime(NOW), ""),
        (format_datetime(NOW - timedelta(seconds=59)), ""),
        (format_datetime(NOW + timedelta(minutes=3)), "problem: The issuer's clock"),
        ("yesterday", ""),
        (None, ""),
    ],
)
def test_clocks_may_differ_by_the_leeway(date: str | None, status: str) -> None:
    lines = said(judge_skew(date, now=NOW, leeway=timedelta(minutes=1)))
    assert lines.startswith(status)
    assert bool(lines) == bool(status)
