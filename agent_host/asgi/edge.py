"""The outermost part of the host: is the request addressed to us, may its page send it, who is it
from, and in whose name?

Pure ASGI, http and websocket. It asks nobody who they are: that is each route's guard's. What it
finds out is in the scope for all others: `client`, `scheme` and the `host` header are those that
the client used, as far as trusted proxies tell.
"""

import logging
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from typing import Final, NoReturn, TypeAlias

from starlette.types import ASGIApp, Receive, Scope, Send

from agent_host.asgi.authority import parse_authority
from agent_host.asgi.cors import is_preflight, preflight_answer, sharing
from agent_host.asgi.edge_error import (
    TooManyHeadersError,
    UntrustedHostError,
    UntrustedOriginError,
)
from agent_host.asgi.edge_policy import IsolationSource
from agent_host.asgi.edge_refusal import refuse
from agent_host.asgi.edge_rule import EdgeRules
from agent_host.asgi.isolation import ISOLATION_HEADERS, read_isolation, without_isolation
from agent_host.asgi.origin import Origin, is_same_origin, parse_origin
from agent_host.context import current_isolation
from agent_host.errors import HostError
from agent_host.types.isolation import IsolationKeys

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_PLAIN: Final[Mapping[str, str]] = {"ws": "http", "wss": "https"}
_SECURE: Final[Mapping[str, Mapping[str, str]]] = {
    "http": {"http": "http", "https": "https"},
    "websocket": {"http": "ws", "https": "wss"},
}

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

_logger = logging.getLogger(__name__)


class Edge:
    """ASGI middleware; nothing may stand before it that looks at the scope.

    Most requests come by no proxy, from no page and to a name that was seen before: they cost one
    look at their headers.
    """

    def __init__(self, app: ASGIApp, rules: EdgeRules) -> None:
        self._app = app
        self._rules = rules
        self._noted = rules.noted
        self._header_count_limit = rules.policy.header_count_limit
        self._admits = rules.admits

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Let a request in or refuse it. No coroutine of its own for most."""
        if scope["type"] == "lifespan":
            return self._app(scope, receive, send)
        headers = scope["headers"]
        host: bytes | None = None
        noted = len(headers) > self._header_count_limit
        for name, value in headers:
            if name == b"host":
                noted = noted or host is not None
                host = value
            elif name in self._noted:
                noted = True
        server = scope.get("server")
        if noted or not self._admits(server and server[0], host):
            return self._look(scope, receive, send)
        return self._app(scope, receive, send)

    async def _look(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope["headers"]
        hosts: Sequence[bytes] = [value for name, value in headers if name == b"host"]
        noted = [header for header in headers if header[0] in self._noted]
        try:
            if len(headers) > self._header_count_limit:
                raise TooManyHeadersError(self._header_count_limit)
            scope = dict(scope)
            self._check_host(scope, hosts)
            client = scope.get("client")
            is_from_proxy = client is not None and self._rules.proxies.has(client[0])
            if is_from_proxy:
                hosts = self._follow_back(scope, noted) or hosts
            origins = [value for name, value in noted if name == b"origin"]
            origin = self._check_origin(scope, origins, hosts) if origins else None
            isolation = self._take_isolation(scope, noted, is_from_proxy=is_from_proxy)
        except HostError as error:
            with suppress(OSError):  # the client has left; nobody is there to be told
                await refuse(error, scope, receive, send)
            return
        if origin is not None:
            if is_preflight(scope):
                await preflight_answer(scope, origin)(scope, receive, send)
                return
            send = sharing(send, origin)
        # Set without keys too: the context may be one that a former request left behind.
        token = current_isolation.set(isolation)
        try:
            await self._app(scope, receive, send)
        finally:
            current_isolation.reset(token)

    def _check_host(self, scope: Scope, said: Sequence[bytes]) -> None:
        server = scope.get("server")
        if len(said) > 1 or not self._admits(server and server[0], said[0] if said else None):
            _refuse_host()

    def _follow_back(self, scope: Scope, noted: Headers) -> Sequence[bytes] | None:
        """Put what the proxies say of the client into the scope; its host, if they name one."""
        said = [header for header in noted if header[0] in self._rules.forwarded]
        if not said:
            return None
        hop = self._rules.client_of(*said)
        if hop.client is not None:
            scope["client"] = (hop.client, 0)
        if hop.scheme is not None:
            scope["scheme"] = _SECURE[scope["type"]][hop.scheme]
        if not hop.host:
            return None
        host = hop.host.lower().encode("latin-1")
        if parse_authority(hop.host) is None:
            _refuse_host()
        self._check_host(scope, [host])
        others = [header for header in scope["headers"] if header[0] != b"host"]
        scope["headers"] = [(b"host", host), *others]
        return [host]

    def _check_origin(
        self, scope: Scope, said: Sequence[bytes], hosts: Sequence[bytes]
    ) -> bytes | None:
        """The origin, if it is another one that may read the answer."""
        text = said[0].decode("latin-1")
        origin = parse_origin(text)
        is_same = origin is not None and _is_same(origin, scope, hosts)
        is_allowed = len(said) == 1 and (is_same or self._rules.origins.has(text, origin))
        is_http = scope["type"] == "http"
        if is_allowed:
            return said[0] if is_http and not is_same else None
        if is_http and scope["method"] in _SAFE and not is_preflight(scope):
            return None  # it changes nothing, and the browser keeps the answer from the page
        _logger.warning("a page of another origin was refused; see `server.allowed_origins`")
        raise UntrustedOriginError

    def _take_isolation(
        self, scope: Scope, noted: Headers, *, is_from_proxy: bool
    ) -> IsolationKeys | None:
        """The keys, where whoever sends them is believed; nobody behind this sees the headers."""
        if not any(name in ISOLATION_HEADERS for name, _ in noted):
            return None
        scope["headers"] = without_isolation(scope["headers"])
        source = self._rules.policy.isolation
        if source is IsolationSource.PLATFORM or (
            source is IsolationSource.PROXIES and is_from_proxy
        ):
            return read_isolation(noted)
        return None


def _is_same(origin: Origin, scope: Scope, hosts: Sequence[bytes]) -> bool:
    host = parse_authority(hosts[0].decode("latin-1")) if hosts else None
    scheme: str = scope.get("scheme") or "http"
    return host is not None and is_same_origin(origin, scheme=_PLAIN.get(scheme, scheme), host=host)


def _refuse_host() -> NoReturn:
    _logger.warning("a request for another host was refused; see `server.allowed_hosts`")
    raise UntrustedHostError


__all__ = ["Edge"]
