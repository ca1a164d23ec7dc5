"""The edge's rules: names, origins, proxies, isolation headers."""

from typing import Any

import pytest

from agent_host.doctor.edge import check_hosts, check_isolation, check_origins, check_proxies
from tests.doctor.case import said, situation

FOUNDRY = {"FOUNDRY_HOSTING_ENVIRONMENT": "1"}


def hosts(*names: str, **more: Any) -> str:
    return said(check_hosts(situation(server={"allowed_hosts": names}, **more)))


def origins(*entries: str, **more: Any) -> str:
    return said(check_origins(situation(server={"allowed_origins": entries}, **more)))


def proxies(*networks: str, **server: Any) -> str:
    table = {"trusted_proxies": networks, **server}
    return said(check_proxies(situation(server=table)))


def test_requests_for_other_names_are_refused_or_it_is_said() -> None:
    assert hosts().startswith("ok: Requests may be addressed to loopback")
    assert hosts("agent.example.com", public=True).startswith("ok: Requests may be addressed to 1")
    assert hosts(public=True, proof=True).startswith("warning")
    assert hosts("*", proof=True).startswith("warning")
    assert hosts("*").startswith("problem")
    unsafe = hosts(public=True)
    assert unsafe.startswith("problem: Requests may be addressed to any name")
    assert "AGENT_HOST_SERVER__ALLOWED_HOSTS" in unsafe


def test_pages_of_everybody_are_refused_or_it_is_said() -> None:
    assert origins().startswith("ok")
    assert origins("https://app.example.com", "http://localhost:3000").startswith("ok: Pages of 2")
    assert origins("*").startswith("problem: Every web page")
    assert origins("*", proof=True).startswith("warning: Every web page")
    assert origins("null", proof=True).startswith("warning: Every web page")


@pytest.mark.parametrize("entry", ["http://app.example.com", "http://*.example.com"])
def test_pages_that_came_in_the_clear_are_worth_a_word(entry: str) -> None:
    assert origins(entry, proof=True) == (
        f"warning: Pages that came unencrypted may call: {entry}. List the pages' own origins in "
        "`server.allowed_origins` (AGENT_HOST_SERVER__ALLOWED_ORIGINS)."
    )


def test_proxies_are_named_by_their_own_networks() -> None:
    assert proxies().startswith("ok: Nobody's word")
    assert "x-forwarded-for, x-forwarded-host, x-forwarded-proto alone" in proxies("10.0.0.7")
    assert "in forwarded alone" in proxies("10.0.0.7", forwarded_headers="forwarded")


@pytest.mark.parametrize(
    ("network", "status"),
    [
        ("10.1.0.0/16", "ok"),
        ("10.0.0.0/8", "warning"),
        ("8.8.0.0/16", "warning"),
        ("8.8.8.0/24", "ok"),
        ("fd00::/32", "ok"),
        ("2600::/32", "warning"),
        ("0.0.0.0/1", "problem"),
        ("::/3", "problem"),
        ("0.0.0.0/0", "problem"),
        ("my-proxy", "problem"),
    ],
)
def test_networks_that_strangers_could_be_in_are_found(network: str, status: str) -> None:
    assert proxies(network).startswith(status)


def test_whose_isolation_headers_are_taken_is_said() -> None:
    def isolation(environ: dict[str, str] | None = None, **server: Any) -> str:
        return said(check_isolation(situation(server=server, environ=environ or {})))

    assert isolation().startswith("ok: Isolation headers are removed")
    behind: dict[str, Any] = {"trusted_proxies": ["10.0.0.7"], "isolation_headers": True}
    assert isolation(**behind).startswith("warning: Isolation headers are taken from trusted")
    assert isolation(FOUNDRY).startswith("warning: Isolation headers are taken from every peer")
    assert isolation(FOUNDRY, isolation_headers=False).startswith("ok")


def test_isolation_headers_from_nobody_are_a_problem() -> None:
    assert "none is named" in proxies(isolation_headers=True)
