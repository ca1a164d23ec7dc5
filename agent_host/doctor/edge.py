"""The edge's rules: whom requests may be addressed to, whose pages may send them, whose word about
others is taken.
"""

import ipaddress
from collections.abc import Iterator
from typing import Final

from agent_host.asgi.authority import parse_authority
from agent_host.asgi.edge_policy import EdgePolicy, IsolationSource
from agent_host.asgi.edge_rule import EdgeRules
from agent_host.asgi.forwarded import HEADERS
from agent_host.asgi.origin import parse_origin
from agent_host.doctor.finding import Finding, ok, problem, setting, warning
from agent_host.doctor.situation import Situation
from agent_host.errors import ConfigurationError
from agent_host.settings import detect_isolation

_NEARLY_ALL: Final = {4: 8, 6: 16}
"""The shortest prefix of a network that somebody could own."""

_WIDE: Final = {4: 16, 6: 32}
_WIDE_PUBLIC: Final = {4: 24, 6: 48}


def check_hosts(situation: Situation) -> Iterator[Finding]:
    """Is a request for another name refused?"""
    allowed = situation.settings.server.allowed_hosts
    named = allowed and "*" not in allowed
    change = f"Set {setting('server.allowed_hosts')} to the names of this host."
    if named:
        yield ok(f"Requests may be addressed to {len(allowed)} names.")
    elif not situation.is_public and not allowed:
        yield ok("Requests may be addressed to loopback names only.")
    elif situation.asks_proof:
        yield warning("Requests may be addressed to any name.", change)
    else:
        yield problem(
            "Requests may be addressed to any name and nobody proves who they are: any web page "
            "can reach the agent through its visitors (DNS rebinding).",
            change,
        )


def check_origins(situation: Situation) -> Iterator[Finding]:
    """Whose pages may call?"""
    allowed = situation.settings.server.allowed_origins
    change = f"List the pages' own origins in {setting('server.allowed_origins')}."
    if "*" in allowed or "null" in allowed:
        found = "Every web page there is may call"
        if situation.asks_proof:
            yield warning(f"{found}, with credentials that it has.", change)
        else:
            yield problem(f"{found}, and nobody proves who they are.", change)
        return
    plain = [text for text in allowed if _is_plain(text)]
    if plain:
        yield warning(f"Pages that came unencrypted may call: {', '.join(plain)}.", change)
    else:
        yield ok(f"Pages of {len(allowed)} origins may call besides the host's own.")


def check_proxies(situation: Situation) -> Iterator[Finding]:
    """Is anybody believed who is no proxy?"""
    policy = _policy(situation)
    try:
        EdgeRules(policy)
    except ConfigurationError as error:
        yield problem(str(error))
        return
    change = f"Name your proxies' own addresses in {setting('server.trusted_proxies')}."
    fine = True
    for text in policy.trusted_proxies:
        network = ipaddress.ip_network(text)
        if network.prefixlen < _NEARLY_ALL[network.version]:
            fine = False
            yield problem(f"{text} is so wide that strangers may say who they are.", change)
        elif network.prefixlen < (_WIDE_PUBLIC if network.is_global else _WIDE)[network.version]:
            fine = False
            yield warning(f"Whoever has an address in {text} may say who the client is.", change)
    if not policy.trusted_proxies:
        yield ok("Nobody's word about a client is taken; forwarded headers are not looked at.")
    elif fine:
        read = ", ".join(sorted(name.decode() for name in HEADERS[policy.forwarded_headers]))
        yield ok(f"{len(policy.trusted_proxies)} networks of proxies are believed in {read} alone.")


def check_isolation(situation: Situation) -> Iterator[Finding]:
    """From whom are the isolation headers taken?"""
    source = _policy(situation).isolation
    if source is IsolationSource.NOBODY:
        yield ok("Isolation headers are removed from every request.")
    elif source is IsolationSource.PROXIES:
        yield warning(
            "Isolation headers are taken from trusted proxies.",
            "Make sure that they remove those that clients send; else set "
            f"{setting('server.isolation_headers')} to false.",
        )
    else:
        yield warning(
            "Isolation headers are taken from every peer, as FOUNDRY_HOSTING_ENVIRONMENT is set.",
            "If others than the platform reach the port, set "
            f"{setting('server.isolation_headers')} to false.",
        )


def _policy(situation: Situation) -> EdgePolicy:
    platform = detect_isolation(situation.environ)
    return situation.settings.server.to_edge_policy(on_isolating_platform=platform)


def _is_plain(text: str) -> bool:
    if not text.startswith("http://"):
        return False
    origin = parse_origin(text.replace("://*.", "://"))
    host = origin.host if origin else parse_authority(text.removeprefix("http://"))
    return host is None or not host.is_loopback


__all__ = ["check_hosts", "check_isolation", "check_origins", "check_proxies"]
