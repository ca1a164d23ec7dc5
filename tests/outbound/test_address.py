"""Which addresses are public: none that any list of special networks has, in any form."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.outbound.address import is_public

PRIVATE_4 = [
    "0.0.0.0",  # noqa: S104 - nothing is bound here
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
]


@pytest.mark.parametrize("text", PRIVATE_4)
def test_no_special_address_is_public_however_it_is_wrapped(text: str) -> None:
    address = IPv4Address(text)
    number = int(address)
    forms = [
        text,
        f"::ffff:{text}",
        f"::{text}",
        f"64:ff9b::{text}",
        f"64:ff9b:1::{text}",
        str(IPv6Address((0x2002 << 112) | (number << 80))),
        str(IPv6Address((0x20010000 << 96) | (number ^ 0xFFFFFFFF))),
        str(IPv6Address((0x2A00 << 112) | (0x5EFE << 32) | number)),
        str(IPv6Address((0x2A00 << 112) | (0x02005EFE << 32) | number)),
    ]
    assert [form for form in forms if is_public(form)] == []


@pytest.mark.parametrize(
    "text",
    [
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "2a00::1%eth0",
        "fec0::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
        "2001:2::1",
        "3fff::1",
        "100::1",
        "not an address",
        "",
        "010.1.1.1",
        "1.1.1",
    ],
)
def test_what_is_not_given_out_is_not_public(text: str) -> None:
    assert not is_public(text)


@pytest.mark.parametrize(
    "text", ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450::1"]
)
def test_the_internet_is_public(text: str) -> None:
    assert is_public(text)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_never_more_than_the_standard_library_lets_through(
    address: IPv4Address | IPv6Address,
) -> None:
    special = not address.is_global or address.is_multicast or address.is_reserved
    if special:
        assert not is_public(str(address))
