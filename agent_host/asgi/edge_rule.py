"""The edge's policy made ready: lists compiled, names of headers collected, mistakes refused."""

import ipaddress
from typing import Final

from agent_host.asgi.authority import Authority, HostList
from agent_host.asgi.edge_policy import EdgePolicy, IsolationSource
from agent_host.asgi.forwarded import HEADERS, TrustedNetworks, plain_address
from agent_host.asgi.isolation import ISOLATION_HEADERS
from agent_host.asgi.origin import OriginList
from agent_host.errors import ConfigurationError

_UNSPECIFIED: Final = frozenset({ipaddress.IPv4Address(0), ipaddress.IPv6Address(0)})


class EdgeRules:
    """What `Edge` decides by. `forwarded` are the headers that trusted proxies are believed in,
    `noted` all those that make it look twice.

    Raises:
        ConfigurationError: the policy has an entry that is none, or takes isolation headers from
            proxies and names no proxy.
    """

    __slots__ = ("forwarded", "hosts", "noted", "origins", "policy", "proxies")

    def __init__(self, policy: EdgePolicy) -> None:
        self.policy = policy
        self.hosts = HostList(policy.allowed_hosts, setting="server.allowed_hosts")
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

    def admits(self, host: Authority | None, arrival: str | None) -> bool:
        """Whether a request for `host` may come in at the address `arrival`, the server's own."""
        is_local, address = _arrival(arrival)
        if self.hosts.takes_all or not (is_local or self.policy.allowed_hosts):
            return True
        if host is None:
            return False
        if host.name == address or (is_local and host.is_loopback):
            return True
        return self.hosts.has(host)


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
