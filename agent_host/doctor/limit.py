"""What a request, a caller and a run may cost: limits that are off, or too high to be any."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from agent_host.doctor.finding import Finding, ok, setting, warning
from agent_host.doctor.situation import Situation
from agent_host.settings.unit import format_duration, format_size

try:
    import resource
except ImportError:  # pragma: no cover - Windows
    resource = None  # type: ignore[assignment]

_BODY_BYTES: Final = 256 * 1024**2
_HEAD_BYTES: Final = 1024**2
_HEADERS: Final = 1000
_ARRIVAL: Final = timedelta(minutes=10)
_RUN: Final = timedelta(days=1)
_RETENTION: Final = timedelta(days=366)
_BACKGROUND: Final = 1000
_OWN_FILES: Final = 100
"""Files that the host has open besides connections, about."""


def check_limits(situation: Situation) -> Iterator[Finding]:
    """Is there one on everything that strangers and callers can make the host do?"""
    found = [*_off(situation), *_high(situation)]
    yield from found
    if not found:
        yield ok("Bodies, heads, attempts, runs and connections are limited.")


def check_open_files(situation: Situation) -> Iterator[Finding]:
    """May the process have as many connections open as it is told to take?"""
    wanted = situation.settings.server.connection_limit + _OWN_FILES
    allowed = _open_files()
    if allowed is None or wanted <= allowed:
        yield ok("The system allows as many open files as `server.connection_limit` needs.")
    elif situation.is_production:
        yield warning(
            f"The system allows {allowed} open files here, and {wanted} may be needed; without "
            "one the host takes no connection.",
            f"Raise it (ulimit -n), or set {setting('server.connection_limit')} below {allowed}.",
        )
    else:
        yield ok(f"The system allows {allowed} open files here, enough for one person.")


def _off(situation: Situation) -> Iterator[Finding]:
    limits = situation.settings.limits
    if situation.asks_proof and not limits.failed_authentications_per_minute:
        yield warning(
            "Credentials may be guessed without end.",
            f"Set {setting('limits.failed_authentications_per_minute')}, to 30 for instance.",
        )
    if not limits.messages_per_second:
        yield warning(
            "A WebSocket may send as much as it likes.",
            f"Set {setting('limits.messages_per_second')}, to 100 for instance.",
        )
    is_shared = situation.is_public and situation.asks_proof
    if is_shared and not (limits.requests_per_second or limits.requests_at_once):
        yield warning(
            "One caller may take all that the host can do.",
            f"Set {setting('limits.requests_per_second')} or {setting('limits.requests_at_once')}.",
        )


def _high(situation: Situation) -> Iterator[Finding]:
    settings = situation.settings
    server, run = settings.server, settings.run
    sizes = {
        "limits.body_bytes": (settings.limits.body_bytes, _BODY_BYTES),
        "server.header_limit_bytes": (server.header_limit_bytes, _HEAD_BYTES),
    }
    for key, (size, most) in sizes.items():
        if size > most:
            yield _too_high(key, format_size(size), format_size(most))
    durations = {
        "server.head_time": (server.head_time, _ARRIVAL),
        "server.body_time": (server.body_time, _ARRIVAL),
        "server.send_time": (server.send_time, _ARRIVAL),
        "run.time_limit": (run.time_limit, _RUN),
        "run.answer_time_limit": (run.answer_time_limit, _RETENTION),
        "run.retention": (run.retention, _RETENTION),
        "session.time_to_live": (settings.session.time_to_live, _RETENTION),
    }
    for key, (duration, longest) in durations.items():
        if duration > longest:
            yield _too_high(key, format_duration(duration), format_duration(longest))
    counts = {
        "server.header_limit": (server.header_limit, _HEADERS),
        "run.background_limit": (run.background_limit, _BACKGROUND),
    }
    for key, (count, highest) in counts.items():
        if count > highest:
            yield _too_high(key, str(count), str(highest))


def _too_high(key: str, value: str, most: str) -> Finding:
    return warning(
        f"`{key}` is {value}, which is hardly a limit.", f"Set {setting(key)} to {most} or less."
    )


def _open_files() -> int | None:
    """How many files a process may have open; None without a limit."""
    if resource is None:  # pragma: no cover - Windows
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


__all__ = ["check_limits", "check_open_files"]
