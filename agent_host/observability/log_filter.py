"""Puts on every log record which run, channel and span it belongs to."""

import logging
import sys

from agent_host.context import current_channel, current_run_id


class RunContextFilter(logging.Filter):
    """Sets `run_id`, `channel`, `trace_id` and `span_id` on every record; each is empty where there
    is none. Add it to a handler: a logger's filter does not see what its children log.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let it pass, with its ids."""
        record.run_id = current_run_id.get() or ""
        record.channel = current_channel.get() or ""
        record.trace_id, record.span_id = _current_span()
        return True


def _current_span() -> tuple[str, str]:
    # Whoever makes spans has imported this; nobody else should wait for it.
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return "", ""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return "", ""
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"


__all__ = ["RunContextFilter"]
