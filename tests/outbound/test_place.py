"""URLs with one reading, and those that have two and are refused."""

from ipaddress import AddressValueError, IPv4Address, ip_address
from string import ascii_lowercase, digits
from urllib.parse import urlsplit

import httpcore
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.errors import ConfigurationError, UnsafeUrlError
from agent_host.outbound.place import URL_LIMIT, Place, to_destination
from agent_host.outbound.policy import OutboundPolicy, to_allowed


@pytest.mark.parametrize(
    ("url", "place", "target"),
    [
        ("https://hooks.example.org", ("https", "hooks.example.org", 443), "/"),
        ("HTTPS://Hooks.Example.ORG/a/b?c=d&e", ("https", "hooks.example.org", 443), "/a/b?c=d&e"),
        ("https://a:8443?q", ("https", "a", 8443), "/?q"),
        ("http://1.2.3.4/%20x", ("http", "1.2.3.4", 80), "/%20x"),
        ("https://[2A00:0::1]:1/", ("https", "2a00::1", 1), "/"),
        ("https://xn--mnchen-3ya.de/", ("https", "xn--mnchen-3ya.de", 443), "/"),
    ],
)
def test_a_url_is_a_place_and_a_target(url: str, place: tuple[str, str, int], target: str) -> None:
    found = to_destination(url)
    assert (found.place.scheme, found.place.host, found.place.port) == place
    assert found.target == target


def test_the_host_header_has_the_port_where_it_is_not_the_usual() -> None:
    assert Place(scheme="https", host="a", port=443).authority == "a"
    assert Place(scheme="https", host="a", port=80).authority == "a:80"
    assert Place(scheme="http", host="2a00::1", port=80).authority == "[2a00::1]"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https:",
        "https://",
        "//a.org",
        "ftp://a.org",
        "file:///etc/passwd",
        "gopher://a.org",
        "https:a.org",
        "https:///a.org",
        "https://user@a.org",
        "https://user:secret@a.org",
        "https://a.org@127.0.0.1",
        "https://a.org\\@127.0.0.1",
        "https://a.org#@127.0.0.1",
        "https://a.org/#fragment",
        "https://a.org:",
        "https://a.org:0",
        "https://a.org:65536",
        "https://a.org:443:80",
        "https://a.org:+443",
        "https://a.org.",
        "https://127.0.0.1.",
        "https://a..org",
        "https://.a.org",
        "https://-a.org",
        "https://a_b.org",
        f"https://{'a' * 64}.org",
        f"https://{'a.' * 130}org",
        "https://127.1",
        "https://2130706433",
        "https://0x7f.0.0.1",
        "https://0x7f000001",
        "https://0177.0.0.1",
        "https://127.0.0.0x1",
        "https://1.2.3.4.5",
        "https://256.1.1.1",
        "https://\uff11\uff12\uff17.0.0.1",
        "https://127。0。0。1",
        "https://münchen.de",
        "https://a%2eorg",
        "https://[::1",
        "https://[::1]x",
        "https://[fe80::1%25eth0]",
        "https://[1.2.3.4]",
        "https://[:::]",
        "https://a.org/ b",
        "https://a.org/\r\nX: y",
        "https://a.org/\x00",
        "https://a\t.org",
        " https://a.org",
        "https://a.org\n",
        f"https://a.org/{'x' * URL_LIMIT}",
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(url: str) -> None:
    with pytest.raises(UnsafeUrlError) as caught:
        to_destination(url)
    assert "127.0.0.1" not in str(caught.value)


_CHARACTERS = ascii_lowercase + digits + ".:@/\\#?%[]x-_ \uff11\u3002"


@given(st.one_of(st.text(alphabet=_CHARACTERS, max_size=30), st.ip_addresses().map(str)))
def test_other_parsers_come_to_the_same_place(rest: str) -> None:
    url = f"https://{rest}"
    try:
        found = to_destination(url)
    except UnsafeUrlError:
        return
    for host in (
        urlsplit(url).hostname,
        httpx.URL(url).host,
        httpcore.URL(url).host.decode().strip("[]"),
    ):
        assert host is not None
        assert _same(host) == found.place.host
    assert (urlsplit(url).port or 443) == found.place.port


@given(st.lists(st.from_regex(r"\A(0x)?[0-9a-f]{1,10}\Z"), min_size=1, max_size=5))
def test_numbers_are_an_address_of_four_decimals_or_nothing(parts: list[str]) -> None:
    text = ".".join(parts)
    try:
        host = to_destination(f"https://{text}").place.host
    except UnsafeUrlError:
        return
    try:
        assert host == str(IPv4Address(text))
    except AddressValueError:
        last = text.split(".")[-1]
        assert not last.isdigit()
        assert not last.startswith("0x")


def test_places_beyond_the_public_ones_are_named_one_by_one() -> None:
    policy = OutboundPolicy(
        allow=frozenset({to_allowed("Hooks.Internal:8443"), to_allowed("http://[::1]:9000")})
    )
    policy.check(to_destination("https://hooks.internal:8443/x"))
    policy.check(to_destination("http://[0:0::1]:9000"))
    policy.check(to_destination("https://elsewhere.org"))
    for url in (
        "https://hooks.internal:8444",
        "http://hooks.internal:8443",
        "https://[::1]:9000",
        "http://[::1]",
        "http://elsewhere.org",
        "https://elsewhere.org:80",
    ):
        with pytest.raises(UnsafeUrlError):
            policy.check(to_destination(url))
    OutboundPolicy(ports=frozenset({80})).check(to_destination("https://elsewhere.org:80"))


@pytest.mark.parametrize(
    "entry", ["", "a b", "ftp://a", "https://a/", "https://user@a", "a:99999", "127.1", "*.org"]
)
def test_an_entry_that_is_no_place_is_refused_at_the_start(entry: str) -> None:
    with pytest.raises(ConfigurationError, match=r"outbound\.allow"):
        to_allowed(entry)


def _same(host: str) -> str:
    try:
        return str(ip_address(host))
    except ValueError:
        return host.lower()
