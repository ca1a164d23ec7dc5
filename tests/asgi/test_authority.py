"""Host names: one spelling for each, nothing read into what is none, lists that cover no more than
they say.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.asgi.authority import Authority, HostList, parse_authority
from agent_host.errors import ConfigurationError

HOSTILE = [
    "",
    ".",
    "..",
    "a..b",
    ".localhost",
    "localhost..",
    "user@localhost",
    "localhost@evil.example",
    "localhost:80@evil.example",
    "localhost/",
    "localhost\\evil.example",
    "localhost#evil.example",
    "localhost?",
    "localhost evil.example",
    "localhost\t",
    "localhost,evil.example",
    "localhost:",
    "localhost:65536",
    "localhost:-1",
    "localhost:0x50",
    "localhost:٨٠",
    "localhost:80:80",
    "localhost%00",
    "localhost\0",
    "loc\u0131lhost",
    "\uff4cocalhost",
    "[::1",
    "::1",
    "[::1%25eth0]",
    "[::1%lo]",
    "[fe80::1%eth0]:80",
    "[127.0.0.1]",
    "[localhost]",
    "[::g]",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "127.0.0.1.1",
    "127.0.0.01",
    "256.1.1.1",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_no_browser_sends_is_no_host(text: str) -> None:
    assert parse_authority(text) is None


@pytest.mark.parametrize(
    ("text", "name", "port"),
    [
        ("LocalHost", "localhost", None),
        ("localhost.", "localhost", None),
        ("EXAMPLE.com.:443", "example.com", 443),
        ("[::1]:8080", "::1", 8080),
        ("[0:0:0:0:0:0:0:1]", "::1", None),
        ("[::ffff:127.0.0.1]", "::ffff:7f00:1", None),
        ("127.0.0.1:1", "127.0.0.1", 1),
        ("my_service", "my_service", None),
        ("xn--bcher-kva.example", "xn--bcher-kva.example", None),
    ],
)
def test_a_host_has_one_spelling(text: str, name: str, port: int | None) -> None:
    assert parse_authority(text) == (name, port)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_loopback_is_known(name: str) -> None:
    assert Authority(name, 80).is_loopback


@pytest.mark.parametrize(
    "name",
    [
        "0.0.0.0",  # noqa: S104 - browsers take it for this machine, and a page can name it
        "10.0.0.1",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil-localhost",
        "::2",
    ],
)
def test_what_only_looks_like_loopback_is_none(name: str) -> None:
    assert not Authority(name, 80).is_loopback


@given(st.text() | st.text(alphabet="a1.:[]-@%/\\ \0é", max_size=12))
def test_any_text_is_a_host_or_none(text: str) -> None:
    authority = parse_authority(text)
    if authority is not None:
        shown = f"[{authority.name}]" if ":" in authority.name else authority.name
        again = shown if authority.port is None else f"{shown}:{authority.port}"
        assert parse_authority(again) == authority
        assert again.isascii()
        assert not set(again) & set("@/\\%# \0")


def test_a_list_covers_what_it_says() -> None:
    hosts = HostList(
        ["Example.com", "*.example.org", "api.example.net:8443", "::1", "10.0.0.7"], setting="s"
    )

    def has(text: str) -> bool:
        authority = parse_authority(text)
        return authority is not None and hosts.has(authority)

    assert all(map(has, ["example.com", "EXAMPLE.com.:99", "a.example.org", "a.b.example.org:1"]))
    assert all(map(has, ["api.example.net:8443", "[::1]:3", "10.0.0.7:80"]))
    assert not any(
        map(has, ["a.example.com", "example.org", "evilexample.org", "example.com.evil"])
    )
    assert not any(map(has, ["api.example.net", "api.example.net:80", "10.0.0.70"]))


def test_a_star_takes_all() -> None:
    assert HostList(["*"], setting="s").has(Authority("anything", None))
    assert not HostList([], setting="s").has(Authority("anything", None))


@pytest.mark.parametrize(
    "pattern", ["http://a.example", "a.example/", "*a.example", "a.*", "", "é"]
)
def test_a_pattern_that_is_none_names_its_setting(pattern: str) -> None:
    with pytest.raises(ConfigurationError, match=r"server\.allowed_hosts"):
        HostList([pattern], setting="server.allowed_hosts")
