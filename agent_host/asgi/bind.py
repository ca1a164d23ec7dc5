"""Where a server listens: whether it may, and the socket for it."""

import asyncio
import errno
import ipaddress
import os
import socket
from typing import Final

from agent_host.errors import ConfigurationError
from agent_host.protocols.authenticator import Authenticator

_REASONS: Final = {
    errno.EADDRINUSE: (
        "something else listens there. Stop it, or choose another port: `server.port` "
        "(--port, AGENT_HOST_SERVER__PORT); 0 takes a free one."
    ),
    errno.EACCES: (
        "this user may not. Choose a port above 1023: `server.port` (--port, "
        "AGENT_HOST_SERVER__PORT)."
    ),
    errno.EADDRNOTAVAIL: (
        "this machine has no such address. Set `server.host` (--host, AGENT_HOST_SERVER__HOST) to "
        "one that it has, or to 0.0.0.0 for all of them."
    ),
}


def check_bind(host: str, *, authenticator: Authenticator, insecure: bool) -> None:
    """Refuse to be reached from elsewhere by callers who need no proof of who they are.

    A host name counts as loopback if all its addresses are. May ask the system's resolver, so it
    is for start-up.

    Raises:
        ConfigurationError: `host` is not loopback, anyone is admitted, and `insecure` is not set.
    """
    if insecure or not authenticator.admits_anyone or is_loopback(host):
        return
    message = (
        f"{host!r} can be reached from other machines, and nobody has to prove who they are. "
        "Ask for a proof: `agent-host keys create NAME` makes the first API key, and from then on "
        "one is needed. Or listen on 127.0.0.1: `server.host` (--host, "
        "AGENT_HOST_SERVER__HOST). If a trusted proxy keeps strangers out, say so: "
        "`server.insecure` (--insecure, AGENT_HOST_SERVER__INSECURE)."
    )
    raise ConfigurationError(message)


async def bind(host: str, port: int) -> socket.socket:
    """A TCP socket that has the address and does not listen yet; port 0 takes a free one.

    A host name is bound by its first address, IPv4 before IPv6.

    Raises:
        ConfigurationError: it cannot be had; the text names the setting to change.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        message = (
            f"There is no address for {host!r}. Set `server.host` (--host, "
            "AGENT_HOST_SERVER__HOST) to one of this machine's, such as 127.0.0.1."
        )
        raise ConfigurationError(message) from error
    family, kind, protocol, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    sock = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere it would let two servers share a port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
        sock.bind(address)
    except OSError as error:
        sock.close()
        raise bind_error(host, port, error) from error
    return sock


def bind_error(host: str, port: int, error: OSError) -> ConfigurationError:
    """What the operator is told when the system refuses to bind or to listen."""
    reason = _REASONS.get(error.errno or 0, f"the system says: {error.strerror}.")
    return ConfigurationError(f"Cannot listen on port {port} of {host}: {reason}")


def url_of(sock: socket.socket) -> str:
    """The address of a bound socket as an http URL."""
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches what listens there. May ask the system's resolver."""
    try:
        addresses = {host} if _is_address(host) else _addresses_of(host)
    except (OSError, UnicodeError):
        return False
    return all(_is_loopback_address(address) for address in addresses)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _addresses_of(host: str) -> set[str]:
    # An empty name is every address of the machine, as it is for `bind`.
    found = socket.getaddrinfo(host or None, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return {str(entry[4][0]) for entry in found}


def _is_loopback_address(text: str) -> bool:
    address = ipaddress.ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


__all__ = ["bind", "bind_error", "check_bind", "is_loopback", "url_of"]
