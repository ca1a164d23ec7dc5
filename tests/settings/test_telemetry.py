"""The table `[telemetry]`."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from agent_host.configured_host import create_host
from agent_host.observability.file_sink import FileSink
from agent_host.observability.log_sink import LogSink
from agent_host.observability.provider import TelemetryOptions
from agent_host.settings import Settings
from agent_host.settings.telemetry import TelemetrySettings


def test_by_default_nothing_is_reported_to_anybody() -> None:
    settings = TelemetrySettings()
    assert not settings.enabled
    assert settings.to_options() == TelemetryOptions()
    assert settings.to_sinks() == []


def test_sinks_are_those_that_are_set(tmp_path: Path) -> None:
    settings = TelemetrySettings(event_log=True, event_file=tmp_path / "events.jsonl")
    assert [type(sink) for sink in settings.to_sinks()] == [LogSink, FileSink]


@pytest.mark.parametrize("table", [{"metrics_route": True}, {"metrics_port": 9464}])
def test_metrics_without_telemetry_are_a_mistake(table: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="enabled = true"):
        TelemetrySettings.model_validate(table)


@pytest.mark.parametrize(
    "table", [{"sampling": 1.5}, {"otlp_endpoint": "collector:4317"}, {"metrics_port": 0}]
)
def test_what_makes_no_sense_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TelemetrySettings.model_validate({"enabled": True, **table})


def test_a_host_of_settings_has_it(tmp_path: Path) -> None:
    path = tmp_path / "echo.py"
    path.write_text("async def echo(text: str) -> str:\n    return text\n")
    telemetry = TelemetrySettings(enabled=True, metrics_route=True, event_log=True)
    host = create_host(Settings(target=f"{path}:echo", telemetry=telemetry))
    assert "/metrics" in {getattr(route, "path", "") for route in host.app.routes}
