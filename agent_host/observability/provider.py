"""Where telemetry goes: the providers that a program brings, or those that `sdk` makes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryOptions:
    """What `[telemetry]` says. A standard `OTEL_*` variable wins over `service_name` and
    `sampling`, and stands in for `otlp_endpoint` where that is not set.
    """

    service_name: str = "agent-host"
    otlp_endpoint: str | None = None
    sampling: float = 1.0
    metrics_route: bool = False
    metrics_port: int | None = None
    trusts_callers: bool = True


class Telemetry:
    """Where spans and metrics go. Without providers, to those that the process has set globally,
    which are not shut down here.

    With `metrics_text`, which renders Prometheus text, the host has a `/metrics` route for callers
    with the scope `admin`. Entered before
    the host's other parts and left after them; `closing` is then called in a worker thread.
    """

    def __init__(
        self,
        *,
        tracer_provider: Any = None,  # noqa: ANN401 - the API's abstract class, not imported here
        meter_provider: Any = None,  # noqa: ANN401
        metrics_text: Callable[[], bytes] | None = None,
        trusts_callers: bool = True,
        opening: Callable[[], None] | None = None,
        closing: Callable[[], None] | None = None,
    ) -> None:
        self.tracer_provider = tracer_provider
        self.meter_provider = meter_provider
        self.metrics_text = metrics_text
        self.trusts_callers = trusts_callers
        self._opening = opening
        self._closing = closing

    async def __aenter__(self) -> Self:
        if self._opening is not None:
            self._opening()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._closing is not None:
            await asyncio.to_thread(self._closing)


__all__ = ["Telemetry", "TelemetryOptions"]
