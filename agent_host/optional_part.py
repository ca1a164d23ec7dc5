"""The parts of a host that not every host has. They are loaded where they are asked for, as all
others would pay for them at every start.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from agent_host.identity.option import PeopleOptions
from agent_host.identity.registry import StoreIdentityRegistry
from agent_host.linking.option import LinkOptions
from agent_host.protocols.channel import ChannelRoute
from agent_host.protocols.clock import Clock, IdFactory
from agent_host.protocols.host_context import HostContext
from agent_host.protocols.identity_resolver import IdentityResolver
from agent_host.protocols.personal import PersonalPart
from agent_host.protocols.state_store import StateStore

if TYPE_CHECKING:
    from agent_host.linking.desk import HostLinkDesk
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


def metrics_routes(observation: "Observation | None") -> Sequence[ChannelRoute]:
    """Where metrics are read, if they are."""
    if observation is None or observation.metrics_text is None:
        return ()
    from agent_host.asgi.metrics import metrics_route  # noqa: PLC0415 - see the top

    return (metrics_route(observation.metrics_text),)


def with_linkers(people: PeopleOptions, linking: LinkOptions) -> PeopleOptions:
    """Rules may ask for what the host's linkers prove."""
    if not linking.linkers:
        return people
    sources = people.claim_sources | linking.claim_sources
    return replace(people, has_linker=True, claim_sources=sources)


def make_desk(
    linking: LinkOptions,
    registry: StoreIdentityRegistry,
    *,
    resolver: IdentityResolver,
    store: StateStore,
    clock: Clock,
    ids: IdFactory,
) -> "HostLinkDesk | None":
    """Who leads links, where there is a way to link."""
    if not linking.linkers:
        return None
    from agent_host.linking.desk import HostLinkDesk  # noqa: PLC0415 - see the top

    return HostLinkDesk(
        linking.linkers,
        registry=registry,
        resolver=resolver,
        store=store,
        clock=clock,
        ids=ids,
        limits=linking.limits,
    )


def link_parts(linking: LinkOptions, store: StateStore) -> Sequence[PersonalPart]:
    """What is kept of people while a link is on its way, where there is a way to link."""
    if not linking.linkers:
        return ()
    from agent_host.linking.kept_step import KeptLinkSteps  # noqa: PLC0415 - see the top

    return (KeptLinkSteps(store, [linker.name for linker in linking.linkers]),)


def link_routes(linking: LinkOptions, context: HostContext) -> Sequence[ChannelRoute]:
    """Those of every linker, and those of callers; none where there is no way to link."""
    if not linking.linkers:
        return ()
    from agent_host.linking.caller_route import CallerLinkRoutes  # noqa: PLC0415 - see the top

    own = [route for linker in linking.linkers for route in linker.routes()]
    return [*own, *CallerLinkRoutes(context).routes()]


__all__ = [
    "link_parts",
    "link_routes",
    "make_desk",
    "make_observation",
    "metrics_routes",
    "with_linkers",
]
