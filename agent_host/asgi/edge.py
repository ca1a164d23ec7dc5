"""The outermost part of the host: is the request addressed to us, may its page send it, who is it
from, and in whose name?

Pure ASGI, http and websocket. It asks nobody who they are: that is each route's guard's. What it
finds out is in the scope for all others: `client`, `scheme` and the `host` header are those that
the client used, as far as trusted proxies tell.
"""

import logging
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from typing import Final, NoReturn

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
from agent_host.asgi.isolation import read_isolation, without_isolation
from agent_host.asgi.origin import Origin, is_same_origin, parse_origin
from agent_host.context import current_isolation
from agent_host.errors import HostError

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_PLAIN: Final[Mapping[str, str]] = {"ws": "http", "wss": "https"}
_SECURE: Final[Mapping[str, Mapping[str, str]]] = {
    "http": {"http": "http", "https": "https"},
    "websocket": {"http": "ws", "https": "wss"},
}

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
        token = None
        try:
            if len(scope["headers"]) > self._header_count_limit:
                raise TooManyHeadersError(self._header_count_limit)
            scope = dict(scope)
            is_from_proxy = self._is_from_proxy(scope)
            self._check_host(scope)
            if is_from_proxy:
                self._follow_back(scope)
            origin = self._check_origin(scope)
            if origin is not None:
                if is_preflight(scope):
                    await preflight_answer(scope, origin)(scope, receive, send)
                    return
                send = sharing(send, origin)
            isolation = None
            source = self._rules.policy.isolation
            if source is IsolationSource.PLATFORM or (
                is_from_proxy and source is IsolationSource.PROXIES
            ):
                isolation = read_isolation(scope["headers"])
            scope["headers"] = without_isolation(scope["headers"])
            # Set without keys too: the context may be one that a former request left behind.
            token = current_isolation.set(isolation)
        except HostError as error:
            with suppress(OSError):  # the client has left; nobody is there to be told
                await refuse(error, scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            current_isolation.reset(token)

    def _is_from_proxy(self, scope: Scope) -> bool:
        client = scope.get("client")
        return client is not None and self._rules.proxies.has(client[0])

    def _check_host(self, scope: Scope) -> None:
        said = [value for name, value in scope["headers"] if name == b"host"]
        server = scope.get("server")
        if len(said) > 1 or not self._admits(server and server[0], said[0] if said else None):
            _refuse_host()

    def _follow_back(self, scope: Scope) -> None:
        """Put what the proxies say of the client into the scope."""
        headers = scope["headers"]
        said = [header for header in headers if header[0] in self._rules.forwarded]
        if not said:
            return
        hop = self._rules.client_of(*said)
        if hop.client is not None:
            scope["client"] = (hop.client, 0)
        if hop.scheme is not None:
            scope["scheme"] = _SECURE[scope["type"]][hop.scheme]
        if hop.host:
            host = (b"host", hop.host.lower().encode("latin-1"))
            scope["headers"] = [host, *(header for header in headers if header[0] != b"host")]
            if parse_authority(hop.host) is None:
                _refuse_host()
            self._check_host(scope)

    def _check_origin(self, scope: Scope) -> bytes | None:
        """The origin, if it is another one that may read the answer."""
        said = [value for name, value in scope["headers"] if name == b"origin"]
        if not said:
            return None
        text = said[0].decode("latin-1")
        origin = parse_origin(text)
        is_same = origin is not None and _is_same(origin, scope)
        is_allowed = len(said) == 1 and (is_same or self._rules.origins.has(text, origin))
        is_http = scope["type"] == "http"
        if is_allowed:
            return said[0] if is_http and not is_same else None
        if is_http and scope["method"] in _SAFE and not is_preflight(scope):
            return None  # it changes nothing, and the browser keeps the answer from the page
        _logger.warning("a page of another origin was refused; see `server.allowed_origins`")
        raise UntrustedOriginError


def _is_same(origin: Origin, scope: Scope) -> bool:
    raw = next((value for name, value in scope["headers"] if name == b"host"), b"")
    host = parse_authority(raw.decode("latin-1"))
    scheme: str = scope.get("scheme") or "http"
    return host is not None and is_same_origin(origin, scheme=_PLAIN.get(scheme, scheme), host=host)


def _refuse_host() -> NoReturn:
    _logger.warning("a request for another host was refused; see `server.allowed_hosts`")
    raise UntrustedHostError


__all__ = ["Edge"]
