"""The way in for whoever owns a host's state folder: a token that is new with each start.

It opens admin routes only, from loopback only, and changes nothing for callers: a host where nobody
has to prove who they are stays one, and has an operator all the same.
"""

import hmac
import ipaddress
import logging
import os
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.types import Scope

from agent_host.authentication.credential import bad_credential, read_credential
from agent_host.authentication.operator_file import OperatorFile, OperatorPass
from agent_host.errors import AccessError
from agent_host.protocols.authenticator import Authenticator
from agent_host.protocols.clock import Clock
from agent_host.system import SystemClock
from agent_host.types.principal import ADMIN_SCOPE, Principal
from agent_host.types.proof import Proof

PREFIX: Final = "aho_"
_TOKEN_BYTES: Final = 32
_OPERATOR: Final = Principal(id="operator", kind="operator", scopes=frozenset({ADMIN_SCOPE}))

_BY_PROXY: Final = frozenset(
    {
        b"cf-connecting-ip",
        b"fastly-client-ip",
        b"forwarded",
        b"true-client-ip",
        b"via",
        b"x-client-ip",
        b"x-cluster-client-ip",
        b"x-real-ip",
    }
)
_FORWARDED: Final = b"x-forwarded-"

_logger = logging.getLogger(__name__)


class OperatorDoor:
    """The token of one start of one host, and the file in `folder` that tells it to the owner.

    `folder` is the one that the host's store owns while it is open; nobody else writes the file
    then.
    """

    __slots__ = ("_clock", "_file", "_token")

    def __init__(self, folder: Path, *, clock: Clock | None = None) -> None:
        self._file = OperatorFile(folder)
        self._clock = clock or SystemClock()
        self._token = PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)

    def before(self, authenticator: Authenticator) -> Authenticator:
        """For admin routes: whoever shows the token is the operator, all others are asked who they
        are by `authenticator`.
        """
        return _DoorAuthenticator(self._token, authenticator)

    def opening(self, on_listening: Callable[[str], None] | None) -> Callable[[str], None]:
        """What is to be told the URL: it opens the door, and passes the URL on."""

        def listening(url: str) -> None:
            self.open(url)
            if on_listening is not None:
                on_listening(url)

        return listening

    def open(self, url: str) -> None:
        """Say where the host listens, and by which token it is operated. A host that listens on one
        address other than loopback has no such door.
        """
        local = _local_url(url)
        if local is None:
            _logger.info("no operator's door: the host does not listen on loopback")
            return
        found = OperatorPass(
            url=local, token=self._token, pid=os.getpid(), started_at=self._clock.now()
        )
        try:
            self._file.write(found)
        except OSError as error:
            # A host that serves its callers is worth more than its door.
            _logger.warning("no operator's door: its file cannot be written, %s", error.strerror)

    def close(self) -> None:
        """Take the file away: ours, or the one of a process that could not do so itself."""
        try:
            self._file.remove()
        except OSError as error:
            _logger.warning("the operator's file cannot be removed, %s", error.strerror)


class _DoorAuthenticator:
    __slots__ = ("_inner", "_token")

    def __init__(self, token: str, inner: Authenticator) -> None:
        self._token = token.encode("ascii")
        self._inner = inner

    @property
    def admits_anyone(self) -> bool:
        return self._inner.admits_anyone

    @property
    def challenge(self) -> str:
        return self._inner.challenge

    async def authenticate(self, connection: HTTPConnection) -> Principal | Proof:
        shown = _shown(connection.scope["headers"])
        if shown is None:
            return await self._inner.authenticate(connection)
        if hmac.compare_digest(shown, self._token):
            if _is_direct(connection.scope):
                return _OPERATOR
            _logger.warning("the operator's token was refused: it did not come from this machine")
        if self._inner.admits_anyone:
            raise bad_credential()
        return await self._inner.authenticate(connection)  # where failures are counted


def _shown(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """What looks like an operator's token."""
    try:
        credential = read_credential(headers)
    except AccessError:
        return None
    return credential.encode("ascii") if credential.startswith(PREFIX) else None


def _is_direct(scope: Scope) -> bool:
    """Whether it came from this machine, and by no proxy that says of itself that it is one."""
    client = scope.get("client")
    if client is None or not _is_loopback(client[0]):
        return False
    return not any(name in _BY_PROXY or name.startswith(_FORWARDED) for name, _ in scope["headers"])


def _is_loopback(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _local_url(url: str) -> str | None:
    """The URL by which this machine reaches what listens on `url` over loopback, if it does."""
    parts = urlsplit(url)
    address = ipaddress.ip_address(parts.hostname or "")
    if address.is_loopback:
        return url
    if not address.is_unspecified:
        return None
    host = "127.0.0.1" if address.version == 4 else "[::1]"  # noqa: PLR2004 - as in IPv4
    return f"{parts.scheme}://{host}:{parts.port}"


__all__ = ["PREFIX", "OperatorDoor"]
