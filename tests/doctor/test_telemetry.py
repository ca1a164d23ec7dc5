"""What the host tells of itself: to collectors, to whoever reads metrics, into files and logs."""

from pathlib import Path
from typing import Any

import pytest

from agent_host.doctor.telemetry import check_events, check_log, check_metrics, check_telemetry
from tests.doctor.case import said, situation


def exported(url: str | None, **environ: str) -> str:
    watched = {"enabled": True, "otlp_endpoint": url}
    return said(check_telemetry(situation(telemetry=watched, environ=environ)))


def test_what_leaves_the_machine_is_encrypted() -> None:
    assert said(check_telemetry(situation())).startswith("skipped")
    assert exported(None).startswith("ok: Telemetry is on; 0 endpoints")
    assert exported("https://collector.example:4318").startswith("ok")
    assert exported("http://[::1]:4318").startswith("ok")
    assert exported("http://127.0.0.1:4318").startswith("ok")
    plain = exported("http://collector.example:4318")
    assert plain.startswith("warning: `telemetry.otlp_endpoint`")
    variable = exported(None, OTEL_EXPORTER_OTLP_ENDPOINT="http://collector.example")
    assert variable.startswith("warning: OTEL_EXPORTER_OTLP_ENDPOINT leads")


def test_credentials_in_a_url_are_not_repeated() -> None:
    lines = exported("https://me:hunter2@collector.example")
    assert lines.startswith("warning")
    assert "hunter2" not in lines


def test_what_is_no_url_is_a_problem() -> None:
    assert exported("http://[broken").startswith("problem")


def test_metrics_are_for_operators() -> None:
    def metrics(access: dict[str, Any] | None = None, **watched: Any) -> str:
        table = {"enabled": bool(watched), **watched}
        return said(check_metrics(situation(telemetry=table, access=access or {})))

    assert metrics() == "ok: Metrics are not served."
    assert metrics(metrics_route=True).startswith("ok: /metrics is for callers with the scope")
    assert metrics(metrics_port=9464).startswith("ok: Metrics are on port 9464")
    assert metrics({"anonymous_admin": True}, metrics_route=True).startswith("warning: /metrics")
    assert metrics(metrics_port=8080).startswith("problem: Metrics and requests want the same")


@pytest.mark.parametrize(
    ("mode", "status"), [(None, "ok"), (0o600, "ok"), (0o644, "warning"), (0o660, "warning")]
)
def test_the_event_file_is_its_owners_alone(folder: Path, mode: int | None, status: str) -> None:
    assert said(check_events(situation())).startswith("skipped")
    if mode is not None:
        (folder / "events").touch()
        (folder / "events").chmod(mode)
    lines = said(check_events(situation(telemetry={"event_file": "events"})))
    assert lines.startswith(status)


def test_an_event_file_that_cannot_be_made_is_a_problem() -> None:
    lines = said(check_events(situation(telemetry={"event_file": "no/such/folder/events"})))
    assert lines.startswith("problem")
    assert "AGENT_HOST_TELEMETRY__EVENT_FILE" in lines


def test_debug_is_for_one_s_own_machine() -> None:
    debug: dict[str, Any] = {"log": {"level": "debug"}}
    assert said(check_log(situation())).startswith("ok")
    assert said(check_log(situation(**debug))).startswith("ok")
    assert said(check_log(situation(proof=True, **debug))).startswith("warning: The log is at")
