"""The edge of a trace, against applications that do what Starlette's does seldom."""

from collections.abc import MutableMapping
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.trace import StatusCode

from agent_host.observability.instrument import Instruments
from agent_host.observability.server_span import ASGIApp, Receive, Scope, Send, ServerSpans
from agent_host.testing.manual_clock import ManualClock
from tests.telemetry.recording import Recording, attributes_of


def watched(app: ASGIApp, recording: Recording) -> ServerSpans:
    to = recording.telemetry
    instruments = Instruments(to.tracer_provider, to.meter_provider)
    return ServerSpans(app, instruments=instruments, clock=ManualClock(), trusts_callers=True)


async def nothing() -> dict[str, Any]:
    return {}


class Sent(list[MutableMapping[str, Any]]):
    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        self.append(message)


def scope(kind: str, path: str = "/talk/secret", **fields: Any) -> dict[str, Any]:
    return {"type": kind, "path": path, "headers": [], **fields}


async def test_a_socket_is_one_span_and_an_open_stream() -> None:
    recording, sent = Recording(), Sent()
    during: list[float] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = SimpleNamespace(path="/talk/{id}")
        await send({"type": "websocket.accept"})
        during.append(recording.total("agent_host.http.active_streams"))

    await watched(app, recording)(scope("websocket", scheme="wss"), nothing, sent)
    assert during == [1]
    assert recording.total("agent_host.http.active_streams") == 0
    span = recording.one("GET /talk/{id}")
    assert attributes_of(span)["http.response.status_code"] == 101
    assert attributes_of(span)["url.scheme"] == "wss"
    assert sent == [{"type": "websocket.accept"}]


async def test_a_socket_that_is_refused_is_no_stream() -> None:
    recording = Recording()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.http.response.start", "status": 403, "headers": []})

    await watched(app, recording)(scope("websocket"), nothing, Sent())
    assert attributes_of(recording.one("GET"))["http.response.status_code"] == 403
    assert recording.points("agent_host.http.active_streams") == []


@pytest.mark.parametrize("status", [500, None])
async def test_an_error_is_told_by_status_or_type(status: int | None) -> None:
    recording = Recording()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if status is None:
            message = "a secret"
            raise LookupError(message)
        await send({"type": "http.response.start", "status": status, "headers": []})

    serving = watched(app, recording)(
        scope("http", method="POST", scheme="gopher"), nothing, Sent()
    )
    if status is None:
        with pytest.raises(LookupError):
            await serving
    else:
        await serving
    span = recording.one("POST")
    assert span.status.status_code is StatusCode.ERROR
    assert attributes_of(span)["error.type"] == ("LookupError" if status is None else "500")
    assert attributes_of(span)["url.scheme"] == "_OTHER"
    assert recording.total("http.server.active_requests") == 0
    assert "secret" not in recording.everything()


@pytest.mark.parametrize("asked", [scope("lifespan"), scope("http", path="/readyz")])
async def test_what_is_not_watched_is_passed_on(asked: dict[str, Any]) -> None:
    recording, reached = Recording(), list[str]()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["type"])

    await watched(app, recording)(asked, nothing, Sent())
    assert reached == [asked["type"]]
    assert recording.spans == []
