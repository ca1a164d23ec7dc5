"""The edge's policy made ready: lists compiled, names of headers collected, mistakes refused."""

import ipaddress
from functools import lru_cache
from typing import Final

from agent_host.asgi.authority import HostList, parse_authority
from agent_host.asgi.edge_policy import EdgePolicy, IsolationSource
from agent_host.asgi.forwarded import (
    HEADERS,
    Hop,
    TrustedNetworks,
    client_hop,
    plain_address,
    read_hops,
)
from agent_host.asgi.isolation import ISOLATION_HEADERS
from agent_host.asgi.origin import OriginList
from agent_host.errors import ConfigurationError

_HOSTS_REMEMBERED: Final = 1024
_CLIENTS_REMEMBERED: Final = 4096
_UNSPECIFIED: Final = frozenset({ipaddress.IPv4Address(0), ipaddress.IPv6Address(0)})


class EdgeRules:
    """What `Edge` decides by. `forwarded` are the headers that trusted proxies are believed in,
    `noted` all those that make it look twice.

    Raises:
        ConfigurationError: the policy has an entry that is none, or takes isolation headers from
            proxies and names no proxy.
    """

    __slots__ = (
        "_hosts",
        "admits",
        "client_of",
        "forwarded",
        "noted",
        "origins",
        "policy",
        "proxies",
    )

    def __init__(self, policy: EdgePolicy) -> None:
        self.policy = policy
        self._hosts = HostList(policy.allowed_hosts, setting="server.allowed_hosts")
        self.origins = OriginList(policy.allowed_origins)
        self.proxies = TrustedNetworks(policy.trusted_proxies)
        if policy.isolation is IsolationSource.PROXIES and not self.proxies:
            message = (
                "`server.isolation_headers` takes them from trusted proxies, and none is named: "
                "set `server.trusted_proxies` to the addresses of yours."
            )
            raise ConfigurationError(message)
        self.forwarded = HEADERS[policy.forwarded_headers] if self.proxies else frozenset[bytes]()
        self.noted = self.forwarded | ISOLATION_HEADERS | {b"origin"}

        # What comes again and again is decided once; both are bounded.
        self.admits = lru_cache(maxsize=_HOSTS_REMEMBERED)(self._admits)
        """Whether a request with this `host` header may come in at this address of the server."""
        self.client_of = lru_cache(maxsize=_CLIENTS_REMEMBERED)(self._client_of)
        """What trusted proxies say of the client in these headers."""

    def _admits(self, arrival: str | None, raw: bytes | None) -> bool:
        is_local, address = _arrival(arrival)
        if self._hosts.takes_all or not (is_local or self.policy.allowed_hosts):
            return True
        host = None if raw is None else parse_authority(raw.decode("latin-1"))
        if host is None:
            return False
        if host.name == address or (is_local and host.is_loopback):
            return True
        return self._hosts.has(host)

    def _client_of(self, *headers: tuple[bytes, bytes]) -> Hop:
        lines: dict[bytes, list[str]] = {}
        for name, value in headers:
            lines.setdefault(name, []).append(value.decode("latin-1"))
        joined = {name: ",".join(values) for name, values in lines.items()}
        return client_hop(read_hops(self.policy.forwarded_headers, joined), self.proxies)


def _arrival(arrival: str | None) -> tuple[bool, str | None]:
    """Whether a connection came in on loopback, and the address it came in on."""
    if arrival is None:
        return False, None
    try:
        address = plain_address(arrival)
    except ValueError:
        return arrival == "localhost", None
    return address.is_loopback, None if address in _UNSPECIFIED else str(address)


__all__ = ["EdgeRules"]
