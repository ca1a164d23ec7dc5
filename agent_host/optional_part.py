"""The parts of a host that not every host has. They are loaded where they are asked for, as all
others would pay for them at every start.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent_host.linking.option import LinkOptions
from agent_host.protocols.channel import ChannelRoute
from agent_host.protocols.clock import Clock, IdFactory
from agent_host.protocols.host_context import HostContext
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import TaskRunner
from agent_host.runner.store_task_runner import StoreTaskRunner

if TYPE_CHECKING:
    from agent_host.observability.observation import Observation
    from agent_host.observability.provider import Telemetry
    from agent_host.protocols.event_sink import EventSink


def make_observation(
    telemetry: "Telemetry | None", sinks: "Sequence[EventSink]", clock: Clock
) -> "Observation | None":
    """What watches the host, if anything does."""
    if telemetry is None and not sinks:
        return None
    from agent_host.observability.observation import Observation  # noqa: PLC0415 - see the top

    return Observation(telemetry=telemetry, sinks=sinks, clock=clock)


def make_runner(
    given: TaskRunner | None,
    store: StateStore,
    *,
    watch: "Observation | None",
    clock: Clock,
    ids: IdFactory,
) -> TaskRunner:
    """The app's runner, or ours over the store, under the eyes of what watches the host."""
    if watch is None:
        return given or StoreTaskRunner(store, clock=clock, ids=ids)
    return watch.runner(
        given
        or StoreTaskRunner(
            store,
            clock=clock,
            ids=ids,
            on_buried=watch.on_buried,
            on_counted=watch.on_counted,
        )
    )


def metrics_routes(observation: "Observation | None") -> Sequence[ChannelRoute]:
    """Where metrics are read, if they are."""
    if observation is None or observation.metrics_text is None:
        return ()
    from agent_host.asgi.metrics import metrics_route  # noqa: PLC0415 - see the top

    return (metrics_route(observation.metrics_text),)


def link_routes(linking: LinkOptions, context: HostContext) -> Sequence[ChannelRoute]:
    """Those of every linker, and those of callers; none where there is no way to link."""
    if not linking.linkers:
        return ()
    from agent_host.linking.caller_route import CallerLinkRoutes  # noqa: PLC0415 - see the top

    own = [route for linker in linking.linkers for route in linker.routes()]
    return [*own, *CallerLinkRoutes(context).routes()]


__all__ = [
    "link_routes",
    "make_observation",
    "make_runner",
    "metrics_routes",
]
