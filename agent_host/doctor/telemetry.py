"""What the host tells of itself, to whom, and how: traces, metrics, events, log lines."""

import os
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from agent_host.asgi.authority import parse_authority
from agent_host.doctor.exposure import can_be_made, exposures
from agent_host.doctor.finding import Finding, ok, problem, setting, skipped, warning
from agent_host.doctor.situation import Situation

_VARIABLES: Final = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
)


def check_telemetry(situation: Situation) -> Iterator[Finding]:
    """Is what is exported encrypted on its way?"""
    watched = situation.settings.telemetry
    if not watched.enabled:
        yield skipped("Telemetry is off.")
        return
    endpoints = {name: situation.environ.get(name) for name in _VARIABLES}
    endpoints[setting("telemetry.otlp_endpoint")] = watched.otlp_endpoint
    named = {name: url for name, url in endpoints.items() if url}
    wrong = [*_wrong(named)]
    yield from wrong
    if not wrong:
        yield ok(f"Telemetry is on; {len(named)} endpoints are set, none of them in the clear.")


def _wrong(endpoints: dict[str, str]) -> Iterator[Finding]:
    for name, url in endpoints.items():
        try:
            parts = urlsplit(url)
            host, has_user = parts.hostname or "", parts.username is not None
        except ValueError:
            yield problem(f"{name} is no URL.", "Correct it.")
            continue
        authority = parse_authority(f"[{host}]" if ":" in host else host)
        is_here = authority is not None and authority.is_loopback
        if parts.scheme != "https" and not is_here:
            yield warning(
                f"{name} leads to another machine unencrypted: ids and names can be read.",
                "Use https, or a collector on this machine.",
            )
        if has_user:
            yield warning(
                f"{name} has credentials in its URL.", "Use OTEL_EXPORTER_OTLP_HEADERS for them."
            )


def check_metrics(situation: Situation) -> Iterator[Finding]:
    """Who reads the metrics?"""
    settings = situation.settings
    watched = settings.telemetry
    if watched.metrics_port is not None and watched.metrics_port == settings.server.port:
        yield problem(
            "Metrics and requests want the same port.",
            f"Set {setting('telemetry.metrics_port')} to another one.",
        )
    elif watched.metrics_route and settings.access.anonymous_admin:
        yield warning(
            "/metrics is read by whoever reaches the port.",
            f"Remove {setting('access.anonymous_admin')}.",
        )
    elif watched.metrics_port is not None:
        yield ok(f"Metrics are on port {watched.metrics_port} of 127.0.0.1, for this machine.")
    elif watched.metrics_route:
        yield ok("/metrics is for callers with the scope admin.")
    else:
        yield ok("Metrics are not served.")


def check_events(situation: Situation) -> Iterator[Finding]:
    """Can the events of runs be written, and read by nobody else?"""
    path = situation.settings.telemetry.event_file
    if path is None:
        yield skipped("Events are written to no file.")
        return
    change = f"Set {setting('telemetry.event_file')} to a file of the server's user."
    if not os.path.lexists(path):
        if not path.absolute().parent.is_dir() or not can_be_made(path):
            yield problem(f"{path} cannot be made: there is no such folder to write to.", change)
        else:
            yield ok(f"{path} is not there yet and will be made, for its owner only.")
        return
    wrong = exposures(path)
    if not os.access(path, os.W_OK):
        yield problem(f"{path} cannot be written.", change)
    elif wrong:
        yield warning(f"{path} {', and '.join(wrong)}.", f"Run: chmod 600 {path}")
    else:
        yield ok(f"{path} can be written, and read by its owner only.")


def check_log(situation: Situation) -> Iterator[Finding]:
    """Could content get into the log?"""
    level = situation.settings.log.level
    if level == "debug" and situation.is_production:
        yield warning(
            "The log is at level debug: libraries may write what people say into it.",
            f"Set {setting('log.level')} to info.",
        )
    else:
        yield ok(f"The log is at level {level}; the host's own lines carry ids and codes only.")


__all__ = ["check_events", "check_log", "check_metrics", "check_telemetry"]
