"""Who may address the host, from where, and whose word about others it takes: the edge's rules.

Values only. `EdgeRules` checks them and makes them ready for use.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from agent_host.asgi.forwarded import ForwardedFamily

HEADER_COUNT_LIMIT: Final = 100


class IsolationSource(StrEnum):
    """From whom the isolation headers are taken; from anybody else they are removed.

    `platform`: from every peer, as the hosting platform lets nobody but itself reach the port.
    """

    NOBODY = "nobody"
    PROXIES = "proxies"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgePolicy:
    """The rules of `Edge`; the default is safe on a developer's machine and behind a name.

    `allowed_hosts` are names that the `Host` header may have (see `HostList`). With or without
    them, a connection that came in on a loopback address may name loopback, and every connection
    may name the address that it came in on: neither takes a resolver, so neither can be rebound.
    Without them, what came in on another address may name anything.

    `allowed_origins` are those whose pages may call besides the host's own (see `OriginList`).

    `trusted_proxies` are addresses and networks of proxies whose `forwarded_headers` are believed.
    """

    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    forwarded_headers: ForwardedFamily = ForwardedFamily.X_FORWARDED
    isolation: IsolationSource = IsolationSource.NOBODY
    header_count_limit: int = HEADER_COUNT_LIMIT


__all__ = ["HEADER_COUNT_LIMIT", "EdgePolicy", "IsolationSource"]
