"""The address, the port, and the wire: who reaches the host, and how."""

import socket
from contextlib import closing
from typing import Any

import pytest

from agent_host.doctor.address import check_address, check_port, check_transport
from agent_host.doctor.listener import Listener, Tenant
from tests.doctor.case import said, situation

EVERYWHERE = {"host": "0.0.0.0"}  # noqa: S104 - looked at, never bound
PROXIED = {"trusted_proxies": ["10.0.0.7"]}


def address(server: dict[str, Any], **more: Any) -> str:
    return said(check_address(situation(server=server, **more)))


def test_loopback_and_proofs_are_safe() -> None:
    assert address({}).startswith("ok: 127.0.0.1 is reached from this machine only")
    assert address(EVERYWHERE, public=True, proof=True).startswith("ok: 0.0.0.0 is public, and")


def test_a_public_address_without_proofs_is_a_problem() -> None:
    refused = address(EVERYWHERE, public=True)
    assert refused.startswith("problem")
    assert "AGENT_HOST_SERVER__HOST" in refused
    assert address(EVERYWHERE | {"insecure": True}, public=True).startswith("problem: Whoever")
    behind = address(EVERYWHERE | PROXIED | {"insecure": True}, public=True)
    assert behind.startswith("warning: Whoever reaches the port")


def test_insecure_where_it_is_not_needed_is_worth_a_word() -> None:
    assert address({"insecure": True}).startswith("warning: `server.insecure`")
    assert address({"insecure": True}, proof=True).startswith("warning: `server.insecure`")


def test_what_is_sent_in_the_clear_is_said() -> None:
    assert said(check_transport(situation())).startswith("ok: What is sent stays")
    behind = situation(server=EVERYWHERE | PROXIED, public=True)
    assert said(check_transport(behind)).startswith("ok: The host speaks plain HTTP to its proxies")
    assert said(check_transport(situation(server=EVERYWHERE, public=True))).startswith("warning")


def port_of(tenant: Tenant, port: int) -> str:
    listener = Listener(address="127.0.0.1", port=port, tenant=tenant)
    return said(check_port(situation(server={"port": port}, listener=listener)))


@pytest.fixture
def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_a_port_is_free_or_ours_or_taken(free_port: int) -> None:
    assert port_of(Tenant.NOBODY, 0).startswith("skipped")
    assert port_of(Tenant.NOBODY, free_port) == f"ok: Port {free_port} of 127.0.0.1 is free."
    assert port_of(Tenant.HOST, 8080).startswith("ok: A host answers at 127.0.0.1:8080")
    taken = port_of(Tenant.OTHER, 8080)
    assert taken.startswith("problem: Something listens at 127.0.0.1:8080")
    assert "AGENT_HOST_SERVER__PORT" in taken


def test_an_address_of_another_machine_cannot_be_had(free_port: int) -> None:
    case = situation(server={"host": "192.0.2.1", "port": free_port}, public=True)
    assert said(check_port(case)).startswith("problem: Cannot listen")
