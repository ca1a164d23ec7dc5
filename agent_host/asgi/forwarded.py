"""What proxies say of the client they speak for: `X-Forwarded-*`, or `Forwarded` (RFC 7239).

A proxy appends what it saw, so the lists are read from the right: every entry is the word of the
one who connected to its writer, and only as long as these are trusted proxies is the next one
looked at. What stands further left is the client's own invention. One family of headers is read
and never both, as a proxy that writes one lets the other pass as the client sent it.
"""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from agent_host.errors import ConfigurationError

HOPS_LIMIT: Final = 64
_CACHE_SIZE: Final = 4096
_PAIR: Final = re.compile(
    r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:\"((?:[^\"\\]|\\.)*)\"|([^\s\",;]*))\s*"
)
_SCHEMES: Final = frozenset({"http", "https"})


class ForwardedFamily(StrEnum):
    """Which headers the proxies in front write."""

    X_FORWARDED = "x-forwarded"
    FORWARDED = "forwarded"


HEADERS: Final[Mapping[ForwardedFamily, frozenset[bytes]]] = {
    ForwardedFamily.X_FORWARDED: frozenset(
        {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"}
    ),
    ForwardedFamily.FORWARDED: frozenset({b"forwarded"}),
}
"""Names of the headers of each."""


class Hop(NamedTuple):
    """What one proxy says of the request it took; None for what it does not say."""

    client: str | None = None
    scheme: str | None = None
    host: str | None = None


class TrustedNetworks:
    """Addresses of proxies, as networks: `10.0.0.0/8`, `192.168.1.7`, `fd00::/8`.

    Raises:
        ConfigurationError: one is no network, or is everybody.
    """

    __slots__ = ("_networks", "has")

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = [_network(text) for text in networks]
        self.has = lru_cache(maxsize=_CACHE_SIZE)(self._has)
        """Whether an address is one of them; text that is no address is none."""

    def __bool__(self) -> bool:
        return bool(self._networks)

    def _has(self, text: str) -> bool:
        try:
            address = plain_address(text)
        except ValueError:
            return False
        return any(address in network for network in self._networks)


def plain_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address without a zone, and IPv4 as IPv4 although a socket for both says it otherwise.

    Raises:
        ValueError: it is none.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def read_hops(family: ForwardedFamily, headers: Mapping[bytes, str]) -> Sequence[Hop]:
    """What the headers say, the farthest proxy first. Lines of one header are joined by commas."""
    if family is ForwardedFamily.FORWARDED:
        return _read_forwarded(headers.get(b"forwarded", ""))
    clients: Sequence[str | None] = _items(headers.get(b"x-forwarded-for")) or (None,)
    schemes = _spread(_items(headers.get(b"x-forwarded-proto")), len(clients))
    hosts = _spread(_items(headers.get(b"x-forwarded-host")), len(clients))
    return tuple(map(Hop, clients, schemes, hosts))


def client_hop(hops: Sequence[Hop], trusted: TrustedNetworks) -> Hop:
    """The hop at which the request came in: walked to from the right, over trusted proxies.

    Its `client` is an address, or None where the last proxy names none.
    """
    found = Hop()
    for hop in reversed(hops[-HOPS_LIMIT:]):
        address = _address(hop.client)
        scheme = hop.scheme.lower() if hop.scheme else None
        said = Hop(address, scheme if scheme in _SCHEMES else None, hop.host)
        if address is None:
            return said if found == Hop() else found
        found = said
        if not trusted.has(address):
            break
    return found


def _read_forwarded(text: str) -> Sequence[Hop]:
    """As much as is well formed, from the right: what is damaged hides what is left of it."""
    hops: list[Hop] = []
    for element in reversed(_split(text)):
        pairs: dict[str, str] = {}
        for part in _split(element, ";"):
            match = _PAIR.fullmatch(part)
            if match is None or match[1].lower() in pairs:
                return tuple(reversed(hops))
            quoted = match[2]
            value = match[3] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            pairs[match[1].lower()] = value
        hops.append(Hop(pairs.get("for"), pairs.get("proto"), pairs.get("host")))
    return tuple(reversed(hops))


def _split(text: str, separator: str = ",") -> list[str]:
    """The parts between separators that stand outside of quotes."""
    parts: list[str] = []
    start, quoted, skip = 0, False, False
    for index, character in enumerate(text):
        if skip:
            skip = False
        elif quoted and character == "\\":
            skip = True
        elif character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            parts.append(text[start:index])
            start = index + 1
    parts.append(text[start:])
    return [part for part in parts if part.strip()]


def _items(text: str | None) -> list[str]:
    return [] if text is None else [item.strip() for item in text.split(",")]


def _spread(items: Sequence[str], count: int) -> Sequence[str | None]:
    """One for each hop; where proxies do not append, the nearest one's word is for all."""
    if len(items) == count:
        return items
    return [items[-1] if items else None] * count


def _address(text: str | None) -> str | None:
    """The address of `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` and `[2001:db8::1]:4711`."""
    if not text or "%" in text:
        return None
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(plain_address(text))
    except ValueError:
        return None


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        message = (
            f"{text!r} is no network: write `server.trusted_proxies` as addresses and networks "
            f"such as 10.0.0.0/8 or 192.168.1.7. ({error})"
        )
        raise ConfigurationError(message) from None
    if network.prefixlen == 0:
        message = (
            f"{text!r} is everybody, and everybody could then say who they are. Name the "
            "networks of your proxies in `server.trusted_proxies`, such as 10.0.0.0/8."
        )
        raise ConfigurationError(message)
    return network


__all__ = [
    "HEADERS",
    "HOPS_LIMIT",
    "ForwardedFamily",
    "Hop",
    "TrustedNetworks",
    "client_hop",
    "plain_address",
    "read_hops",
]
