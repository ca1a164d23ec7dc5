"""The guarded client: looks at a URL, asks for its addresses once, and sends to those."""

import asyncio
import re
import ssl
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from agent_host.errors import ConfigurationError, OutboundError, UnsafeUrlError
from agent_host.outbound.address import is_public
from agent_host.outbound.place import Destination, to_destination
from agent_host.outbound.policy import OutboundPolicy
from agent_host.outbound.resolver import Resolver, SystemResolver
from agent_host.types.outbound import OutboundAnswer, OutboundRequest

if TYPE_CHECKING:
    from agent_host.outbound.wire import Wire

ADDRESSES_LIMIT: Final = 32
RESOLVE_SECONDS: Final = 5.0

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[!-~]([ \t!-~]*[!-~])?|")
_RESERVED: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


class GuardedOutbound:
    """The `Outbound` of a host. A connection for each request: none is kept to an address that the
    name may have left. Without authorities of the operator, the HTTP client is loaded by the
    first request.
    """

    def __init__(
        self, policy: OutboundPolicy | None = None, *, resolver: Resolver | None = None
    ) -> None:
        self._policy = policy or OutboundPolicy()
        self._resolver = resolver or SystemResolver()
        self._wire: Wire | None = None

    async def __aenter__(self) -> Self:
        """Read the operator's authorities, if there are any: a mistake shows at the start.

        Raises:
            ConfigurationError: they are none.
        """
        if self._policy.ca_file is not None:
            self._wire = await self._load()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._resolver.close()

    async def check(self, url: str) -> None:
        """Say now whether it may be sent to."""
        destination = self._destination(url)
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                await self._addresses(destination)
        except OSError:  # a timeout too
            raise UnsafeUrlError("The URL's host cannot be found.") from None

    async def send(self, request: OutboundRequest) -> OutboundAnswer:
        """Send it, within the request's time, the look at its name included.

        Raises:
            UnsafeUrlError, OutboundError: see `Outbound.send`.
            ValueError: the method or a header is none, or is not the sender's to set.
        """
        _check_head(request)
        destination = self._destination(request.url)
        wire = self._wire = self._wire or await self._load()
        began = asyncio.get_running_loop().time()
        seconds = request.time_limit.total_seconds()
        try:
            async with asyncio.timeout(min(seconds, RESOLVE_SECONDS)):
                addresses = await self._addresses(destination)
        except OSError:
            raise OutboundError("The host cannot be found.", was_sent=False) from None
        spent = asyncio.get_running_loop().time() - began
        return await wire.send(request, destination, addresses, seconds=seconds - spent)

    def _destination(self, url: str) -> Destination:
        destination = to_destination(url)
        self._policy.check(destination)
        return destination

    async def _addresses(self, destination: Destination) -> Sequence[str]:
        place = destination.place
        found = await self._resolver.resolve(place.host, place.port)
        if not found:
            raise OSError("no addresses")
        if len(found) > ADDRESSES_LIMIT:
            raise UnsafeUrlError("The URL's host has too many addresses.")
        # One that is not public is enough: another program would connect to any of them.
        if not self._policy.allows(place) and not all(is_public(address) for address in found):
            raise UnsafeUrlError("The URL should lead to a public address.")
        return found

    async def _load(self) -> "Wire":
        from agent_host.outbound.wire import Wire, create_trust  # noqa: PLC0415 - see above

        try:
            trust = await asyncio.to_thread(create_trust, self._policy.ca_file)
        except (OSError, ssl.SSLError):
            raise ConfigurationError("outbound.ca_file cannot be read as certificates.") from None
        return Wire(trust)


def _check_head(request: OutboundRequest) -> None:
    if not _TOKEN.fullmatch(request.method):
        raise ValueError("the method is none")
    for name, value in request.headers.items():
        if not _TOKEN.fullmatch(name) or name.lower() in _RESERVED:
            raise ValueError(f"the header {name!r} cannot be set")
        if not _VALUE.fullmatch(value):
            raise ValueError(f"the value of the header {name!r} cannot be sent")


__all__ = ["ADDRESSES_LIMIT", "RESOLVE_SECONDS", "GuardedOutbound"]
