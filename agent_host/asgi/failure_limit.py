"""Stops an address from which nobody proves who they are, again and again.

Loopback is never stopped: behind it stands the machine's own user, or a proxy that nobody named in
`server.trusted_proxies`, and with it everybody.
"""

import ipaddress
import logging
from collections.abc import Callable, Hashable
from datetime import timedelta
from functools import lru_cache
from typing import Final

from starlette.requests import HTTPConnection

from agent_host.asgi.edge_error import TooManyFailuresError
from agent_host.asgi.forwarded import plain_address
from agent_host.errors import UnauthenticatedError
from agent_host.protocols.authenticator import Authenticator
from agent_host.rate import Rate, RateLimit
from agent_host.types.principal import Principal
from agent_host.types.proof import Proof

_V6_HOST_BITS: Final = 64
_CACHE_SIZE: Final = 4096

_logger = logging.getLogger(__name__)


class FailureLimit:
    """An `Authenticator` before another one, which is not asked while an address is stopped."""

    __slots__ = ("_authenticator", "_limit")

    def __init__(
        self, authenticator: Authenticator, *, rate: Rate, monotonic: Callable[[], float]
    ) -> None:
        self._authenticator = authenticator
        self._limit = RateLimit(rate, monotonic)

    @property
    def admits_anyone(self) -> bool:
        """As the other one says."""
        return self._authenticator.admits_anyone

    @property
    def challenge(self) -> str:
        """As the other one says."""
        return self._authenticator.challenge

    async def authenticate(self, connection: HTTPConnection) -> Principal | Proof:
        """The principal.

        Raises:
            UnauthenticatedError: there is no proof, or it is bad.
            TooManyFailuresError: that happened too often from this address; it is not looked at.
        """
        client = connection.scope.get("client")
        key = None if client is None else _key_of(client[0])
        wait = 0.0 if key is None else self._limit.peek(key)
        if wait:
            text = "Too many failed attempts. Wait before you try again."
            raise TooManyFailuresError(text, timedelta(seconds=wait))
        try:
            return await self._authenticator.authenticate(connection)
        except UnauthenticatedError:
            if key is not None:
                self._limit.take(key)
                if self._limit.peek(key):
                    _logger.warning(
                        "an address failed to authenticate too often and is stopped; see "
                        "`limits.failed_authentications_per_minute`, and if it is a proxy's, "
                        "`server.trusted_proxies`"
                    )
            raise


@lru_cache(maxsize=_CACHE_SIZE)
def _key_of(host: str) -> Hashable:
    """The address, of IPv6 the network that one customer has; None for whom nothing is counted."""
    try:
        address = plain_address(host)
    except ValueError:
        return None
    if address.is_loopback:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return int(address) >> _V6_HOST_BITS
    return str(address)


__all__ = ["FailureLimit"]
