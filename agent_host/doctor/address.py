"""Where the host listens: who reaches it, whether they are asked who they are, and in the clear?"""

import asyncio
from collections.abc import Iterator
from contextlib import closing

from agent_host.asgi.bind import bind, check_bind
from agent_host.authentication.anonymous import AnonymousAuthenticator
from agent_host.doctor.finding import Finding, ok, problem, setting, skipped, warning
from agent_host.doctor.listener import Tenant
from agent_host.doctor.situation import Situation
from agent_host.errors import ConfigurationError


def check_address(situation: Situation) -> Iterator[Finding]:
    """Does a public address go with who is admitted?"""
    server = situation.settings.server
    if not situation.asks_proof and not server.insecure:
        try:
            check_bind(server.host, authenticator=AnonymousAuthenticator(), insecure=False)
        except ConfigurationError as error:
            yield problem(str(error))
            return
    if situation.is_public and not situation.asks_proof:
        yield _open(situation)
    elif server.insecure:
        yield warning(
            "`server.insecure` is set and not needed: should proofs fall away, or the address "
            "become public, nobody would notice.",
            f"Remove {setting('server.insecure')}.",
        )
    elif situation.is_public:
        yield ok(f"{server.host} is public, and callers have to prove who they are.")
    else:
        yield ok(f"{server.host} is reached from this machine only.")


def _open(situation: Situation) -> Finding:
    found = "Whoever reaches the port can talk to the agent: `server.insecure` allows it"
    change = (
        "Make a key with `agent-host keys create NAME`, or listen on 127.0.0.1: "
        f"{setting('server.host')}."
    )
    if situation.settings.server.trusted_proxies:
        return warning(f"{found}. Only your proxy and your network keep strangers out.", change)
    return problem(f"{found}, and no proxy is named that would keep strangers out.", change)


def check_transport(situation: Situation) -> Iterator[Finding]:
    """Do credentials travel in the clear?"""
    if not situation.is_public:
        yield ok("What is sent stays on this machine.")
    elif situation.settings.server.trusted_proxies:
        yield ok("The host speaks plain HTTP to its proxies; encrypted is what they make of it.")
    else:
        yield warning(
            "The host speaks plain HTTP on a public address: keys and content can be read on the "
            "way.",
            f"Put a proxy with TLS in front and name it in {setting('server.trusted_proxies')}.",
        )


def check_port(situation: Situation) -> Iterator[Finding]:
    """Can it be had, or does the host have it already?"""
    server = situation.settings.server
    if server.port == 0:
        yield skipped("A free port is taken at every start.")
    elif situation.listener.tenant is Tenant.HOST:
        yield ok(f"A host answers at {situation.listener.authority}.")
    elif situation.listener.tenant is Tenant.OTHER:
        yield problem(
            f"Something listens at {situation.listener.authority} that is no host, or one that "
            "does not answer.",
            f"Stop it, or set {setting('server.port')}.",
        )
    else:
        yield _bound(server.host, server.port)


def _bound(host: str, port: int) -> Finding:
    async def try_it() -> None:
        with closing(await bind(host, port)):
            pass

    try:
        asyncio.run(try_it())
    except ConfigurationError as error:
        return problem(str(error))
    return ok(f"Port {port} of {host} is free.")


__all__ = ["check_address", "check_port", "check_transport"]
