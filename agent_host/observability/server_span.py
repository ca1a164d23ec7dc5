"""The ASGI application with a SERVER span and the HTTP counts around every request.

Outermost, so that what the guard refuses is seen too. Names are by route, never by path or query,
and no header, address or body is recorded. Knows ASGI by its dictionaries alone.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias

from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from agent_host import telemetry
from agent_host.observability.instrument import Instruments
from agent_host.observability.trace_carrier import from_headers, link_to
from agent_host.protocols.clock import Clock

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

UNWATCHED: Final = frozenset({"/healthz", "/metrics", "/ping", "/readyz"})
"""Asked every few seconds by machines, and of no interest."""

_METHODS: Final = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"}
)
_SCHEMES: Final = frozenset({"http", "https", "ws", "wss"})
_FIRST_SERVER_ERROR: Final = 500


class ServerSpans:
    """`trusts_callers` says whether a caller's `traceparent` is gone on with, its decision to
    sample included; otherwise the request begins a trace that links to it.
    """

    def __init__(
        self, app: ASGIApp, *, instruments: Instruments, clock: Clock, trusts_callers: bool
    ) -> None:
        self._app = app
        self._instruments = instruments
        self._clock = clock
        self._trusts_callers = trusts_callers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in ("http", "websocket") or scope["path"] in UNWATCHED:
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send, self._instruments, self._clock)
        sent = from_headers(scope["headers"])
        with self._instruments.tracer.start_as_current_span(
            exchange.method,
            context=sent if self._trusts_callers else None,
            kind=SpanKind.SERVER,
            links=None if self._trusts_callers else link_to(sent),
            attributes=exchange.attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                await self._app(scope, receive, exchange.send)
            except Exception as error:
                exchange.raised = type(error).__name__
                raise
            finally:
                exchange.end(span)


class _Exchange:
    """What is known of a request by and by."""

    def __init__(self, scope: Scope, send: Send, instruments: Instruments, clock: Clock) -> None:
        self._scope = scope
        self._send = send
        self._instruments = instruments
        self._clock = clock
        self._began = clock.monotonic()
        self._status: int | None = None
        self._is_stream = False
        method = str(scope.get("method", "GET"))
        scheme = str(scope.get("scheme", "http"))
        self.method = method if method in _METHODS else telemetry.OTHER
        self.raised: str | None = None
        self.attributes: dict[str, str] = {
            telemetry.HTTP_METHOD: self.method,
            telemetry.URL_SCHEME: scheme if scheme in _SCHEMES else telemetry.OTHER,
        }
        instruments.http_active.add(1, self.attributes)

    def send(self, message: Message) -> Awaitable[None]:
        """Pass it on, and see what the answer is."""
        kind = message["type"]
        if kind == "http.response.start":
            self._status = message["status"]
            if _is_event_stream(message):
                self._open_stream()
        elif kind == "websocket.accept":
            self._status = 101
            self._open_stream()
        elif kind == "websocket.http.response.start":
            self._status = message["status"]
        return self._send(message)

    def end(self, span: Span) -> None:
        """Report it. By now the router has found the route, where there is one."""
        measured: dict[str, str | int] = dict(self.attributes)
        route = getattr(self._scope.get("route"), "path", None)
        if isinstance(route, str):
            measured[telemetry.HTTP_ROUTE] = route
            span.update_name(f"{self.method} {route}")
            span.set_attribute(telemetry.HTTP_ROUTE, route)
        if self._status is not None:
            measured[telemetry.HTTP_STATUS] = self._status
            span.set_attribute(telemetry.HTTP_STATUS, self._status)
        failure = self.raised
        if failure is None and self._status is not None and self._status >= _FIRST_SERVER_ERROR:
            failure = str(self._status)
        if failure is not None:
            measured[telemetry.ERROR_TYPE] = failure
            span.set_attribute(telemetry.ERROR_TYPE, failure)
            span.set_status(Status(StatusCode.ERROR))
        instruments = self._instruments
        instruments.http_duration.record(self._clock.monotonic() - self._began, measured)
        instruments.http_active.add(-1, self.attributes)
        if self._is_stream:
            instruments.http_streams.add(-1)

    def _open_stream(self) -> None:
        self._is_stream = True
        self._instruments.http_streams.add(1)


def _is_event_stream(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in message.get("headers", ())
    )


__all__ = ["UNWATCHED", "ServerSpans"]
