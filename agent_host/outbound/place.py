"""A URL, taken apart so that there is one reading of it. Pure.

Stricter than any standard: whatever two parsers could read in two ways is refused, and not mended.
"""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from agent_host.errors import UnsafeUrlError

URL_LIMIT: Final = 2048
PORTS: Final = {"http": 80, "https": 443}

_URL: Final = re.compile(r"(https?)://([^/?]*)(/[^?]*)?(\?.*)?", re.IGNORECASE)
_VISIBLE: Final = re.compile(r"[!-~]+")
_AMBIGUOUS: Final = re.compile(r'[\\#"<>^`{|}]')
_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::([0-9]{1,5}))?")
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_NAME_LIMIT: Final = 253
_PORT_LIMIT: Final = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`host` is a name in lower case or an address in its one spelling, without brackets."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """As the `Host` header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A place, and what is asked for there: path and query."""

    place: Place
    target: str


def to_destination(url: str) -> Destination:
    """What a URL says.

    Raises:
        UnsafeUrlError: it is not one reading of an http or https URL.
    """
    if not 0 < len(url) <= URL_LIMIT:
        raise UnsafeUrlError(f"The URL should have 1 to {URL_LIMIT} characters.")
    if not _VISIBLE.fullmatch(url) or _AMBIGUOUS.search(url):
        raise UnsafeUrlError(
            "The URL should be of visible ASCII characters, without a fragment; write an "
            "international name in its xn-- form and escape the rest."
        )
    found = _URL.fullmatch(url)
    if found is None:
        raise UnsafeUrlError("The URL should begin with https:// and name a host.")
    scheme, authority, path, query = found.groups()
    place = to_place(scheme.lower(), authority)
    return Destination(place=place, target=f"{path or '/'}{query or ''}")


def to_place(scheme: str, authority: str) -> Place:
    """The host and port of an authority.

    Raises:
        UnsafeUrlError: it is not one, or has more: a user, a zone, an escape.
    """
    if "@" in authority:
        raise UnsafeUrlError("The URL should have no user name and no password.")
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        raise UnsafeUrlError("The URL should name a host, and perhaps a port behind a colon.")
    host, port = found.groups()
    number = PORTS[scheme] if port is None else int(port)
    if not 0 < number <= _PORT_LIMIT:
        raise UnsafeUrlError(f"The URL's port should be from 1 to {_PORT_LIMIT}.")
    return Place(scheme=scheme, host=_to_host(host.lower()), port=number)


def _to_host(host: str) -> str:
    if host.startswith("["):
        try:
            return str(IPv6Address(host[1:-1]))
        except AddressValueError:
            raise UnsafeUrlError("The URL's IPv6 address is none.") from None
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        # What ends in a number is an address to every resolver, in four spellings to some.
        try:
            return str(IPv4Address(host))
        except AddressValueError:
            raise UnsafeUrlError("The URL's IPv4 address should be four decimal numbers.") from None
    if len(host) > _NAME_LIMIT or not all(_LABEL.fullmatch(label) for label in labels):
        raise UnsafeUrlError("The URL's host should be a name such as hooks.example.org.")
    return host


__all__ = ["PORTS", "URL_LIMIT", "Destination", "Place", "to_destination", "to_place"]
