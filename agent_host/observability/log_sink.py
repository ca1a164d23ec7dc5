"""Lifecycle events as log lines."""

import logging
from collections.abc import Sequence
from typing import Final

from agent_host.types.delivery import DeliveryStatus
from agent_host.types.delivery_event import DeliveryLifecycle
from agent_host.types.lifecycle import RunLifecycle, RunPhase

_logger = logging.getLogger("agent_host.events")

_LETTERS: Final = frozenset({DeliveryStatus.DEAD, DeliveryStatus.UNKNOWN})
_ILL: Final = frozenset({RunPhase.FAILED, RunPhase.INTERRUPTED})


class LogSink:
    """One line for each event, by the logger `agent_host.events`: failures are warnings."""

    name = "log"

    async def send(self, events: Sequence[RunLifecycle]) -> None:
        """Log them."""
        for event in events:
            failure = "" if event.failure is None else f": {event.failure.value}"
            level = logging.WARNING if event.phase in _ILL else logging.INFO
            _logger.log(
                level, "run %s on %s %s%s", event.run_id, event.channel, event.phase, failure
            )

    async def send_deliveries(self, events: Sequence[DeliveryLifecycle]) -> None:
        """Log them."""
        for event in events:
            failure = "" if event.error_code is None else f": {event.error_code}"
            level = logging.WARNING if event.status in _LETTERS else logging.INFO
            _logger.log(
                level,
                "delivery %s on %s %s%s",
                event.delivery_id,
                event.channel,
                event.status,
                failure,
            )


__all__ = ["LogSink"]
