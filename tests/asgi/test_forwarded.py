"""What proxies say of the client: read from the right, as far as they are trusted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.asgi.forwarded import ForwardedFamily, Hop, TrustedNetworks, client_hop, read_hops
from agent_host.errors import ConfigurationError

PROXIES = TrustedNetworks(["10.0.0.0/8", "fd00::/8"])


def x_forwarded(clients: str | None, scheme: str | None = None, host: str | None = None) -> Hop:
    said = {
        b"x-forwarded-for": clients,
        b"x-forwarded-proto": scheme,
        b"x-forwarded-host": host,
    }
    headers = {name: value for name, value in said.items() if value is not None}
    return client_hop(read_hops(ForwardedFamily.X_FORWARDED, headers), PROXIES)


def forwarded(text: str) -> Hop:
    return client_hop(read_hops(ForwardedFamily.FORWARDED, {b"forwarded": text}), PROXIES)


@pytest.mark.parametrize(
    ("clients", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1, 10.0.0.9", "192.0.2.1"),
        ("6.6.6.6, 192.0.2.1, 10.0.0.9, 10.1.1.1", "192.0.2.1"),  # the first is made up
        ("10.0.0.8, 10.0.0.9", "10.0.0.8"),  # within: the first proxy is the client
        ("6.6.6.6, unknown, 10.0.0.9", "10.0.0.9"),  # nobody vouches for what is further left
        ("6.6.6.6, , 10.0.0.9", "10.0.0.9"),
        ("6.6.6.6, _hidden", None),
        ("6.6.6.6, 10.0.0.9%eth0", None),
        ("evil<script>", None),
        ("", None),
        (None, None),
    ],
)
def test_the_client_is_the_first_that_is_not_trusted(
    clients: str | None, client: str | None
) -> None:
    assert x_forwarded(clients).client == client


def test_scheme_and_host_are_those_of_the_same_hop() -> None:
    assert x_forwarded("6.6.6.6, 192.0.2.1", "http, https", "evil, a.example") == (
        "192.0.2.1",
        "https",
        "a.example",
    )
    assert x_forwarded("192.0.2.1, 10.0.0.9", "https", "a.example") == (
        "192.0.2.1",
        "https",
        "a.example",
    )
    assert x_forwarded("192.0.2.1", "gopher").scheme is None
    assert x_forwarded(None, "https", "a.example") == (None, "https", "a.example")


@pytest.mark.parametrize(
    ("text", "hop"),
    [
        ("for=192.0.2.1;proto=HTTPS;host=a.example", ("192.0.2.1", "https", "a.example")),
        ('For="[2001:db8::1]:4711"', ("2001:db8::1", None, None)),
        (
            'for=6.6.6.6;host=evil, for=192.0.2.1;host="a.example:80"',
            ("192.0.2.1", None, "a.example:80"),
        ),
        ("for=192.0.2.1, for=10.0.0.9;by=10.0.0.1", ("192.0.2.1", None, None)),
        ('for="6.6.6.6, for=7.7.7.7", for=192.0.2.1', ("192.0.2.1", None, None)),
        ("for=6.6.6.6, for=_x;proto=https", (None, "https", None)),
        ("for=6.6.6.6;for=7.7.7.7", (None, None, None)),
        ("for=6.6.6.6, ;;=;, for=10.0.0.9", ("10.0.0.9", None, None)),
        ('for="192.0.2.1', (None, None, None)),
        ("", (None, None, None)),
    ],
)
def test_the_standard_header_is_read_by_its_grammar(text: str, hop: Hop) -> None:
    assert forwarded(text) == hop


@given(
    invented=st.text(max_size=40),
    client=st.ip_addresses().filter(lambda address: not PROXIES.has(str(address))),
)
def test_what_a_client_sends_ahead_never_counts(invented: str, client: object) -> None:
    assert x_forwarded(f"{invented}, {client}") == x_forwarded(str(client))
    if '"' not in invented:
        assert forwarded(f'{invented}, for="[{client}]"') == forwarded(f'for="[{client}]"')


@given(st.text(max_size=60) | st.text(alphabet='for=";,[]:.\\1a ', max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    x_forwarded(text, text, text)
    forwarded(text)


def test_networks_know_their_own() -> None:
    assert all(map(PROXIES.has, ["10.1.2.3", "::ffff:10.1.2.3", "fd00::1", "fd00::1%eth0"]))
    assert not any(map(PROXIES.has, ["11.0.0.1", "::1", "10.1", "", "ten", "10.0.0.1, 6.6.6.6"]))
    assert not TrustedNetworks([])


def test_a_network_remembers_no_more_than_it_should() -> None:
    networks = TrustedNetworks(["10.0.0.0/16"])
    for number in range(10_000):
        networks.has(f"unheard of {number}")
    assert networks.has("10.0.0.1")


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0", "*", "10.0.0.1/8", "proxy.example", ""])
def test_a_network_that_is_none_or_everybody_names_its_setting(network: str) -> None:
    with pytest.raises(ConfigurationError, match=r"server\.trusted_proxies"):
        TrustedNetworks([network])


def test_a_proxy_that_names_no_client_may_not_invent_a_scheme() -> None:
    trusted = TrustedNetworks(["127.0.0.1"])
    hops = read_hops(ForwardedFamily.X_FORWARDED, {b"x-forwarded-proto": "gopher"})
    assert client_hop(hops, trusted) == Hop()
    hops = read_hops(ForwardedFamily.X_FORWARDED, {b"x-forwarded-proto": "HTTPS"})
    assert client_hop(hops, trusted) == Hop(scheme="https")
