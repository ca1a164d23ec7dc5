"""What watches a host: its telemetry, its event sinks, or both. Without either there is none."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from agent_host.errors import MissingExtraError
from agent_host.observability.delivery_sink import delivery_sinks
from agent_host.observability.delivery_watch import DeliveryWatch
from agent_host.observability.event_feed import EventFeed
from agent_host.observability.provider import Telemetry
from agent_host.observability.run_watch import RunWatch
from agent_host.protocols.clock import Clock
from agent_host.protocols.event_sink import EventSink
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.target import Target
from agent_host.protocols.task_runner import TaskRunner
from agent_host.types.task import Task, TaskCounts

if TYPE_CHECKING:
    from agent_host.observability.watched_parts import WatchedParts


class Observation:
    """Entered before the host's parts and left after them. Its methods give a part back as it is
    where there is no telemetry.

    Raises:
        MissingExtraError: telemetry is wanted and OpenTelemetry is not installed.
    """

    def __init__(
        self, *, telemetry: Telemetry | None, sinks: Sequence[EventSink], clock: Clock
    ) -> None:
        self._telemetry = telemetry
        self._parts = None if telemetry is None else _watched_parts(telemetry, clock)
        dropped = None if self._parts is None else self._parts.note_dropped
        self._feed = EventFeed(sinks, dropped=dropped) if sinks else None
        wanting = delivery_sinks(sinks)
        self._delivery_feed = EventFeed(wanting, dropped=dropped) if wanting else None
        self._stack = AsyncExitStack()
        self.observer = RunWatch(
            telemetry=None if self._parts is None else self._parts.runs, events=self._feed
        )
        self.delivery_observer = DeliveryWatch(
            telemetry=None if self._parts is None else self._parts.deliveries,
            events=self._delivery_feed,
        )

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            if self._telemetry is not None:
                await stack.enter_async_context(self._telemetry)
            if self._feed is not None:
                await stack.enter_async_context(self._feed)
            if self._delivery_feed is not None:
                await stack.enter_async_context(self._delivery_feed)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    @property
    def metrics_text(self) -> Callable[[], bytes] | None:
        """What the host's `/metrics` says; None where there is no such route."""
        return None if self._telemetry is None else self._telemetry.metrics_text

    @property
    def on_buried(self) -> Callable[[Task], None] | None:
        """Whom a runner tells of tasks that were given up."""
        return None if self._parts is None else self._parts.note_dead

    @property
    def on_counted(self) -> Callable[[Mapping[str, TaskCounts], datetime], None] | None:
        """Whom a runner tells how many tasks wait, and since when."""
        return None if self._parts is None else self._parts.note_counted

    @property
    def trace_carrier(self) -> Callable[[], Mapping[str, str]] | None:
        """What a durable record keeps of the current trace; None where nothing is traced."""
        return None if self._parts is None else self._parts.trace_carrier

    def target(self, target: Target) -> Target:
        """The target to run, behaviours and all."""
        return target if self._parts is None else self._parts.target(target)

    def store(self, store: StateStore) -> StateStore:
        """The store to use."""
        return store if self._parts is None else self._parts.store(store)

    def runner(self, runner: TaskRunner) -> TaskRunner:
        """The runner to use."""
        return runner if self._parts is None else self._parts.runner(runner)

    def application(self, app: Any) -> Any:  # noqa: ANN401 - ASGI's types differ by framework
        """The ASGI application to serve."""
        return app if self._parts is None else self._parts.application(app)


def _watched_parts(telemetry: Telemetry, clock: Clock) -> "WatchedParts":
    try:
        from agent_host.observability.watched_parts import (  # noqa: PLC0415 - an extra, 50 ms
            WatchedParts,
        )
    except ImportError as error:
        raise MissingExtraError("otel", "telemetry") from error
    return WatchedParts(telemetry, clock)


__all__ = ["Observation"]
