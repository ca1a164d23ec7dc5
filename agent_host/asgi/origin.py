"""Origins as browsers send them (RFC 6454 §7), and the list of those that may call.

`null` is what a browser says of a page that has no origin it would name: a sandboxed frame, a
file. Anybody can make one, so it is allowed by name only.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from agent_host.asgi.authority import Authority, HostList, parse_authority
from agent_host.errors import ConfigurationError

_PORTS: Final = {"http": 80, "https": 443}
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*")
_SETTING: Final = "server.allowed_origins"


class Origin(NamedTuple):
    """Scheme, and host with the port that counts."""

    scheme: str
    host: Authority


@lru_cache(maxsize=1024)
def parse_origin(text: str) -> Origin | None:
    """The http or https origin that `text` is; None of `null`, of others, and of what is none."""
    scheme, separator, rest = text.partition("://")
    port = _PORTS.get(scheme)
    authority = parse_authority(rest) if separator and port is not None else None
    if authority is None:
        return None
    return Origin(scheme, Authority(authority.name, authority.port or port))


def is_same_origin(origin: Origin, *, scheme: str, host: Authority) -> bool:
    """Whether a page of `origin` came from the place that it calls.

    A page that came by https may call what looks like http from here: a proxy that this host does
    not know of has unwrapped it. The other way round it is somebody else's page.
    """
    if origin.scheme not in {scheme, "https"}:
        return False
    return origin.host == Authority(host.name, host.port or _PORTS.get(origin.scheme))


class OriginList:
    """Origins that may call: `https://app.example.com`, `https://*.example.com`, `null`, and `*`
    for all.

    Raises:
        ConfigurationError: an entry is none of these.
    """

    __slots__ = ("_hosts", "_literal", "takes_all")

    def __init__(self, entries: Sequence[str]) -> None:
        self.takes_all = "*" in entries
        self._literal = {entry.lower() for entry in entries if entry == "null"}
        by_scheme: dict[str, list[str]] = {}
        for entry in entries:
            if entry in {"*", "null"}:
                continue
            scheme, separator, host = entry.lower().partition("://")
            if not separator or not _SCHEME.fullmatch(scheme) or not host:
                raise _no_origin(entry)
            port = _PORTS.get(scheme)
            if port is None:
                self._literal.add(entry.lower())  # a browser extension, an app
                continue
            if host == "*" or parse_authority(host.removeprefix("*.")) is None:
                raise _no_origin(entry)
            said = parse_authority(host.removeprefix("*."))
            has_port = said is not None and said.port is not None
            by_scheme.setdefault(scheme, []).append(host if has_port else f"{host}:{port}")
        self._hosts = {
            scheme: HostList(hosts, setting=_SETTING) for scheme, hosts in by_scheme.items()
        }

    def has(self, text: str, origin: Origin | None) -> bool:
        """Whether `origin`, sent as `text`, is listed."""
        if self.takes_all or text.lower() in self._literal:
            return True
        if origin is None:
            return False
        hosts = self._hosts.get(origin.scheme)
        return hosts is not None and hosts.has(origin.host)


def _no_origin(entry: str) -> ConfigurationError:
    message = (
        f"{entry!r} is no origin: write `{_SETTING}` as https://app.example.com, "
        'https://*.example.com, "null" or "*", without a path.'
    )
    return ConfigurationError(message)


__all__ = ["Origin", "OriginList", "is_same_origin", "parse_origin"]
