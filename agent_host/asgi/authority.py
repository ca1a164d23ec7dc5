"""Host names as requests carry them (RFC 9110 §7.2, RFC 3986 §3.2), and lists of those that count.

Strict: what a browser could not have sent is no name. An address is compared as an address, a
name without regard to case and to the dot that may end it.
"""

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from agent_host.errors import ConfigurationError

_AUTHORITY: Final = re.compile(
    r"(?:\[(?P<v6>[0-9a-f:.]{2,45})\]|(?P<name>[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*)\.?)"
    r"(?::(?P<port>[0-9]{1,5}))?"
)
_NAME_LIMIT: Final = 253
_PORT_LIMIT: Final = 65535
_BY_NUMBER: Final = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)")


class Authority(NamedTuple):
    """A name or address in its one spelling, and the port that was said, if one was."""

    name: str
    port: int | None

    @property
    def is_loopback(self) -> bool:
        """Whether it can mean this machine only, whatever a resolver says."""
        if self.name == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.name).is_loopback
        except ValueError:
            return False


@lru_cache(maxsize=1024)
def parse_authority(text: str) -> Authority | None:
    """The authority that `text` is; None if it is none.

    User information, zones, numbers that only some programs read as addresses and ports that
    cannot be are none.
    """
    match = _AUTHORITY.fullmatch(text.lower())
    if match is None:
        return None
    port = None if match["port"] is None else int(match["port"])
    if port is not None and port > _PORT_LIMIT:
        return None
    name = _spell_v6(match["v6"]) if match["v6"] is not None else _spell_name(match["name"])
    return None if name is None else Authority(name, port)


class HostList:
    """Patterns of hosts: `example.com`, `*.example.com` for what is below it, `10.0.0.7:8080` for
    one port only, `[::1]`, and `*` for all.

    Raises:
        ConfigurationError: a pattern is none; the text names `setting`.
    """

    __slots__ = ("_exact", "_suffixes", "takes_all")

    def __init__(self, patterns: Sequence[str], *, setting: str) -> None:
        self.takes_all = "*" in patterns
        self._exact: set[Authority] = set()
        self._suffixes: list[Authority] = []
        for pattern in patterns:
            if pattern == "*":
                continue
            below = pattern.startswith("*.")
            authority = parse_authority(pattern[2:] if below else _bracketed(pattern))
            if authority is None:
                message = (
                    f"{pattern!r} is no host: write `{setting}` as names such as "
                    'example.com, "*.example.com", 10.0.0.7:8080 or "*".'
                )
                raise ConfigurationError(message)
            if below:
                self._suffixes.append(Authority(f".{authority.name}", authority.port))
            else:
                self._exact.add(authority)

    def has(self, authority: Authority) -> bool:
        """Whether a pattern covers it."""
        if self.takes_all or authority in self._exact:
            return True
        if Authority(authority.name, None) in self._exact:
            return True
        return any(
            authority.name.endswith(suffix) and port in {None, authority.port}
            for suffix, port in self._suffixes
        )


def _bracketed(pattern: str) -> str:
    try:
        return f"[{ipaddress.IPv6Address(pattern)}]"
    except ValueError:
        return pattern


def _spell_v6(text: str) -> str | None:
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        return None


def _spell_name(name: str) -> str | None:
    if len(name) > _NAME_LIMIT:
        return None
    if _BY_NUMBER.fullmatch(name.rpartition(".")[2]):
        try:
            return str(ipaddress.IPv4Address(name))
        except ValueError:
            return None
    return name


__all__ = ["Authority", "HostList", "parse_authority"]
