"""An SDK from options and `OTEL_*`: what is exported, where to, and what strangers may see."""

import asyncio
import gzip
import socket
import sys
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from starlette.requests import HTTPConnection

from agent_host import AgentHost
from agent_host.errors import ConfigurationError, MissingExtraError, UnauthenticatedError
from agent_host.observability import sdk
from agent_host.observability.provider import TelemetryOptions
from agent_host.observability.sdk import create_telemetry
from agent_host.types import Principal, RunStatus
from tests.host.harness import hosted, request
from tests.telemetry.target import echo


class Collector:
    """Takes OTLP over HTTP."""

    def __init__(self) -> None:
        self.bodies: list[tuple[str, bytes]] = []
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                bodies.append((self.path, body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def resource(self) -> Mapping[str, str]:
        """Who sent the spans."""
        body = next(body for path, body in self.bodies if path == "/v1/traces")
        sent = ExportTraceServiceRequest.FromString(body)
        attributes = sent.resource_spans[0].resource.attributes
        return {one.key: one.value.string_value for one in attributes}


async def test_spans_and_metrics_reach_a_collector_by_the_time_the_host_has_stopped() -> None:
    with Collector() as collector:
        options = TelemetryOptions(service_name="shop", otlp_endpoint=collector.url + "/")
        async with hosted(echo, telemetry=create_telemetry(options, environment={})) as context:
            await context.run(request("x"))
        assert {path for path, _ in collector.bodies} == {"/v1/traces", "/v1/metrics"}
        assert collector.resource()["service.name"] == "shop"


async def test_the_standard_variables_count(monkeypatch: pytest.MonkeyPatch) -> None:
    with Collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_SERVICE_NAME", "from-environment")
        async with hosted(echo, telemetry=create_telemetry(TelemetryOptions())) as context:
            await context.run(request("x"))
        assert collector.resource()["service.name"] == "from-environment"


async def test_a_collector_that_is_gone_fails_no_run_and_no_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sdk, "FLUSH_SECONDS", 0.05)
    options = TelemetryOptions(
        otlp_endpoint=f"http://127.0.0.1:{free_port()}", metrics_port=free_port()
    )
    async with hosted(echo, telemetry=create_telemetry(options, environment={})) as context:
        outcome = await context.run(request("x"))
    assert outcome.run.status is RunStatus.COMPLETED
    assert "telemetry.otlp_endpoint" in caplog.text


@pytest.mark.parametrize(("sampling", "spans"), [(0.0, False), (1.0, True)])
async def test_sampling_is_a_share_of_new_traces(*, sampling: float, spans: bool) -> None:
    with Collector() as collector:
        options = TelemetryOptions(sampling=sampling, otlp_endpoint=collector.url)
        async with hosted(echo, telemetry=create_telemetry(options, environment={})) as context:
            await context.run(request("x"))
        assert ("/v1/traces" in {path for path, _ in collector.bodies}) is spans


class Tokens:
    """Knows one operator and one caller."""

    admits_anyone = False
    challenge = "Bearer"

    async def authenticate(self, connection: HTTPConnection) -> Principal:
        known = {"Bearer op": frozenset({"admin"}), "Bearer caller": frozenset({"run"})}
        scopes = known.get(connection.headers.get("authorization", ""))
        if scopes is None:
            message = "Who are you?"
            raise UnauthenticatedError(message)
        return Principal(id="p", kind="api_key", scopes=scopes)


async def asked(host: AgentHost, token: str | None = None) -> httpx.Response:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(host.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get("/metrics", headers=headers)


def with_route() -> Any:
    return create_telemetry(TelemetryOptions(metrics_route=True), environment={})


async def test_metrics_are_for_operators_only() -> None:
    host = AgentHost(echo, telemetry=with_route(), authenticator=Tokens())
    async with host:
        assert (await asked(host)).status_code == 401
        assert (await asked(host, "caller")).status_code == 403
        answer = await asked(host, "op")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")


async def test_metrics_are_not_for_the_anonymous_and_not_there_unless_asked_for() -> None:
    host = AgentHost(echo, telemetry=with_route())
    async with host:
        assert (await asked(host)).status_code == 403
    silent = AgentHost(echo, telemetry=create_telemetry(TelemetryOptions(), environment={}))
    async with silent:
        assert (await asked(silent)).status_code == 404


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_the_other_port_is_loopback_s_and_goes_down_with_the_host() -> None:
    port = free_port()
    telemetry = create_telemetry(TelemetryOptions(metrics_port=port), environment={})
    url = f"http://127.0.0.1:{port}/metrics"
    async with hosted(echo, telemetry=telemetry) as context:
        await context.run(request("x"))
        text = (await asyncio.to_thread(httpx.get, url)).text
    assert "agent_host_run_finished_total{" in text
    assert 'gen_ai_agent_name="echo"' in text
    with pytest.raises(httpx.ConnectError):
        await asyncio.to_thread(httpx.get, url)


async def test_a_port_that_is_taken_names_the_setting() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        options = TelemetryOptions(metrics_port=taken.getsockname()[1])
        with pytest.raises(ConfigurationError, match=r"telemetry\.metrics_port"):
            async with hosted(echo, telemetry=create_telemetry(options, environment={})):
                raise AssertionError


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("opentelemetry.sdk.trace", TelemetryOptions()),
        ("opentelemetry.exporter.prometheus", TelemetryOptions(metrics_route=True)),
        (
            "opentelemetry.exporter.otlp.proto.http.trace_exporter",
            TelemetryOptions(otlp_endpoint="http://127.0.0.1:9"),
        ),
    ],
)
def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, module: str, options: TelemetryOptions
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r"agent-host-server\[otel\]"):
        create_telemetry(options, environment={})
