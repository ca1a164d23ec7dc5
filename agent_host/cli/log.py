"""How log lines of the process look: for people, or one JSON object each.

Owns the root logger's handler of a process that the command line started; a library's user sets
logging up alone. Both forms carry the run's id where there is one; JSON has its channel, trace and
span too.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Final, TextIO

from agent_host.observability.log_filter import RunContextFilter

_QUIET: Final = ("asyncio", "hpack", "httpcore", "httpx")
"""Loggers whose lines below a warning are noise, or name the URLs (and so the tokens) in use."""

_IDS: Final = ("run_id", "channel", "trace_id", "span_id")


class HumanFormatter(logging.Formatter):
    """`12:00:01 INFO    agent_host.cli: message [run_...]`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", datefmt="%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The line, with the id of the run that it belongs to."""
        line = super().formatMessage(record)
        run_id = getattr(record, "run_id", "")
        return f"{line} [{run_id}]" if run_id else line


class JsonFormatter(logging.Formatter):
    """One object per line: `time` (UTC, ISO 8601), `level`, `logger`, `message`, and `run_id`,
    `channel`, `trace_id`, `span_id` and `exception` where there is one.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line: dict[str, str] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name in _IDS:
            value = getattr(record, name, "")
            if value:
                line[name] = value
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure_logging(*, level: str, format: str, stream: TextIO | None = None) -> None:  # noqa: A002 - the setting's name
    """Send every logger's lines to `stream` (standard error) in this form, replacing what was set.

    Args:
        level: `debug`, `info`, `warning` or `error`.
        format: `human` or `json`.
        stream: where lines go.
    """
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.addFilter(RunContextFilter())
    handler.setFormatter(JsonFormatter() if format == "json" else HumanFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


__all__ = ["HumanFormatter", "JsonFormatter", "configure_logging"]
