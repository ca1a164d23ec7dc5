"""Where a server may listen, and what the operator is told when it cannot."""

import socket
from contextlib import closing

import pytest

from agent_host.asgi.bind import bind, bind_error, check_bind, url_of
from agent_host.authentication.anonymous import AnonymousAuthenticator
from agent_host.errors import ConfigurationError
from tests.asgi.edge import NameAuthenticator

PUBLIC = [
    "0.0.0.0",  # noqa: S104 - the point of the test
    "::",
    "",
    "192.0.2.1",
    "2001:db8::1",
    "::ffff:192.0.2.1",
    "fe80::1%lo",
    "0",
    "nowhere.invalid",
    "127.0.0.1.nowhere.invalid",
    "no such name",
    "x" * 300,
]
LOOPBACK = ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", "localhost", "127.1"]


@pytest.mark.parametrize("host", PUBLIC)
def test_a_public_address_needs_an_authenticator(host: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        check_bind(host, authenticator=AnonymousAuthenticator(), insecure=False)

    assert "AGENT_HOST_SERVER__HOST" in str(refused.value)
    assert "--insecure" in str(refused.value)


@pytest.mark.parametrize("host", PUBLIC)
def test_a_public_address_is_taken_with_an_authenticator_or_on_ones_own_risk(host: str) -> None:
    check_bind(host, authenticator=NameAuthenticator(), insecure=False)
    check_bind(host, authenticator=AnonymousAuthenticator(), insecure=True)


@pytest.mark.parametrize("host", LOOPBACK)
def test_loopback_needs_nothing(host: str) -> None:
    check_bind(host, authenticator=AnonymousAuthenticator(), insecure=False)


async def test_port_0_takes_a_free_port_and_the_url_names_it() -> None:
    with closing(await bind("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]

        assert port
        assert url_of(sock) == f"http://127.0.0.1:{port}"


async def test_an_ipv6_url_has_brackets() -> None:
    with closing(await bind("::1", 0)) as sock:
        assert url_of(sock).startswith("http://[::1]:")


async def test_a_name_is_bound_by_its_ipv4_address() -> None:
    with closing(await bind("localhost", 0)) as sock:
        assert sock.family is socket.AF_INET


async def test_nothing_listens_before_the_server_does() -> None:
    with closing(await bind("127.0.0.1", 0)) as sock, closing(socket.socket()) as client:
        assert client.connect_ex(sock.getsockname()) != 0


async def test_a_port_in_use_is_named_with_its_setting() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError) as refused:
            await bind("127.0.0.1", port)

    assert f"port {port} of 127.0.0.1" in str(refused.value)
    assert "AGENT_HOST_SERVER__PORT" in str(refused.value)


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid", "x" * 300])
async def test_an_address_that_is_not_ours_is_named_with_its_setting(host: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        await bind(host, 0)

    assert host in str(refused.value)
    assert "AGENT_HOST_SERVER__HOST" in str(refused.value)


def test_a_reason_that_nobody_foresaw_is_the_systems_own() -> None:
    error = bind_error("127.0.0.1", 80, OSError(5, "Input/output error"))

    assert "Input/output error" in str(error)
