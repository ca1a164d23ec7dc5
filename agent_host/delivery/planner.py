"""Plans where the answer of a run goes, as the run ends, and what is written with its end; and who
else hears of the run, then and before.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias

from agent_host.delivery.endpoint_log import EndpointLog
from agent_host.delivery.outbox import OutboxBell, put_due
from agent_host.delivery.pacing import Pacing
from agent_host.delivery.person import known_of
from agent_host.delivery.record import DeliveryRecords, StoredContent, StoredDelivery
from agent_host.delivery.resolution import Resolution, Resolver
from agent_host.delivery.station import station_delivery_id
from agent_host.errors import RequestError
from agent_host.protocols.clock import Clock, IdFactory
from agent_host.protocols.delivery import PlannedDeliveries, RunStation
from agent_host.protocols.identity_registry import IdentityRegistry
from agent_host.protocols.push import SubscribedPush
from agent_host.types.delivery import (
    Delivery,
    DeliveryStatus,
    Destination,
    SkippedDestination,
    SkipReason,
)
from agent_host.types.identifier import DeliveryId, RunId
from agent_host.types.identity import KnownIdentity, LinkSide
from agent_host.types.json import JsonObject
from agent_host.types.principal import ChannelIdentity, Owner
from agent_host.types.quick_init import maker
from agent_host.types.request import Caller
from agent_host.types.response_target import ResponseTarget
from agent_host.types.store import ABSENT, Write

logger = logging.getLogger(__name__)

Carrier: TypeAlias = Callable[[], Mapping[str, str]]
"""The W3C carrier of the current span; empty where nothing is traced."""


class AnswerPlanner:
    """The `DeliveryPlanner` of one host."""

    def __init__(  # noqa: PLR0913 - each is one part of the host, all by keyword
        self,
        records: DeliveryRecords,
        *,
        resolver: Resolver,
        registry: IdentityRegistry | None,
        subscribed: Sequence[SubscribedPush],
        pacing: Pacing,
        bell: OutboxBell,
        clock: Clock,
        ids: IdFactory,
        log: EndpointLog,
        carrier: Carrier | None = None,
    ) -> None:
        self.log = log
        self.tells_of_starts = any(push.hears_starts for push in subscribed)
        self._ids = ids
        self._records = records
        self._resolver = resolver
        self._registry = registry
        self._subscribed = subscribed
        self._pacing = pacing
        self._bell = bell
        self._clock = clock
        self._carrier = carrier

    @property
    def has_subscribers(self) -> bool:
        """Whether a channel has anybody who asks to hear of runs."""
        return bool(self._subscribed)

    def can_push(self, channel: str) -> bool:
        """Whether anything can be sent by this channel."""
        return self._resolver.can_push(channel)

    def check(self, target: ResponseTarget) -> None:
        """Refuse what can never be done here."""
        if target.kind in ("originating", "sender", "none"):
            return
        if self._registry is None or not self._resolver.can_push_at_all:
            raise RequestError(
                f"response_target {target.kind!r} is not available: this host delivers to the "
                "caller only."
            )
        named = (*target.channels, *(identity.channel for identity in target.identities))
        for channel in named:
            if not self._resolver.can_push(channel):
                raise RequestError("response_target names a channel that cannot be pushed to.")

    async def plan(self, station: RunStation, target: ResponseTarget) -> PlannedDeliveries:
        """Resolve the target now."""
        own = await self._own(station.owner, station.run_id, target)
        resolution = self._resolve(station, target, own)
        origin = station.origin
        source = self._resolver.side_of(origin.channel, origin.account)
        nonce = "" if station.run is None else self._ids.new(station.status.value)
        answers = self.scheduled(
            station.owner,
            resolution.intended,
            ids=[station_delivery_id(station, nonce, place) for place in resolution.intended],
            run_id=station.run_id,
            source=source,
            # What goes back to where the question was put goes there, whoever's that is by now: it
            # may be a room, whose partition has no identities.
            linked=frozenset(
                () if target.kind == "sender" else [one.identity for one in own or ()]
            ),
        )
        chosen = {stored.delivery.id for stored in answers}
        heard = [
            stored
            for stored in await self._asked_for(station, nonce, source)
            if stored.delivery.id not in chosen
        ]
        writes: list[Write] = []
        for stored in answers:
            writes += self._answer(station, stored, target)
        for stored in heard:
            writes += [*self._first(station, stored), self.log.put(stored.delivery, station.status)]
        note = None
        if target.kind != "originating" and station.run is None:
            note = _note(target, [*answers, *heard], resolution.skipped)
        return PlannedDeliveries(writes=writes, note=note, announce=self.announce)

    def _answer(
        self, station: RunStation, stored: StoredDelivery, target: ResponseTarget
    ) -> list[Write]:
        """What the person said goes before their answer where they did not write it."""
        echoes = target.echo_input and station.run is None
        if not echoes or _is_origin(station.origin, stored.delivery.destination):
            return self._first(station, stored)
        said = self._records.put_content(stored.delivery.id, StoredContent(said=station.said))
        return [said, *self.put(replace(stored, has_echo=True))]

    def _first(self, station: RunStation, stored: StoredDelivery) -> list[Write]:
        """A new delivery, with the run as it stands now, where it goes on meanwhile."""
        writes = self.put(stored)
        if station.run is not None:
            kept = StoredContent(run=station.run)
            writes.append(self._records.put_content(stored.delivery.id, kept))
        return writes

    def scheduled(
        self,
        owner: Owner,
        destinations: Sequence[Destination],
        *,
        ids: Sequence[DeliveryId],
        run_id: RunId | None = None,
        source: LinkSide | None = None,
        at: datetime | timedelta | None = None,
        linked: AbstractSet[ChannelIdentity | None] = frozenset(),
    ) -> list[StoredDelivery]:
        """New deliveries, each due `at` or as soon as its person's pace lets it. Those to `linked`
        identities go only while these are the owner's.
        """
        now = self._clock.now()
        if isinstance(at, timedelta):
            at = now + at
        start = now if at is None else max(at, now)
        carrier = {} if self._carrier is None else dict(self._carrier())
        found: list[StoredDelivery] = []
        delays = self._pacing.delays(owner, len(destinations))
        for destination, delivery_id, delay in zip(destinations, ids, delays, strict=True):
            identity = destination.identity
            delivery = _make_delivery(
                id=delivery_id,
                owner=owner,
                run_id=run_id,
                destination=destination,
                status=DeliveryStatus.SCHEDULED,
                created_at=now,
                due_at=start + delay,
            )
            found.append(
                _make_stored(
                    delivery=delivery,
                    since=delivery.due_at,
                    source=source,
                    is_linked=bool(linked) and identity is not None and identity in linked,
                    trace_context=carrier,
                )
            )
        return found

    def put(self, stored: StoredDelivery) -> list[Write]:
        """The writes of a new delivery: its record, and what has it attempted."""
        return [*self._records.put(stored, expect=ABSENT), put_due(stored)]

    @property
    def has_handed_on(self) -> bool:
        """Whether the runner has all that was planned and is due."""
        return self._bell.is_awaited

    def announce(self) -> None:
        """What was planned is committed."""
        self._bell.ring()

    async def _asked_for(
        self, station: RunStation, nonce: str, source: LinkSide
    ) -> list[StoredDelivery]:
        """Deliveries to those who want to hear of runs; of some, or of none if that fails."""
        found: list[Destination] = []
        for push in self._subscribed:
            try:
                found += await push.subscribed(station)
            except Exception:
                logger.exception("run %s: who asked for it is not known", station.run_id)
        allowed = [place for place in found if self._resolver.allows(source, place)]
        return self.scheduled(
            station.owner,
            allowed,
            ids=[station_delivery_id(station, nonce, place) for place in allowed],
            run_id=station.run_id,
            source=source,
        )

    async def _own(
        self, owner: Owner, run_id: RunId, target: ResponseTarget
    ) -> Sequence[KnownIdentity] | None:
        """The owner's identities; None if they are not known."""
        if self._registry is None or target.kind in ("originating", "none"):
            return ()
        try:
            known = await known_of(self._registry, owner)
        except Exception:
            # The run must end all the same, and its answer can be fetched.
            logger.exception("run %s: where its answer goes is not known", run_id)
            return None
        return [one for one in known if one.identity.tenant == owner.tenant]

    def _resolve(
        self, station: RunStation, target: ResponseTarget, own: Sequence[KnownIdentity] | None
    ) -> Resolution:
        if target.kind in ("originating", "none"):
            return Resolution(intended=(), skipped=())
        if own is None:
            unresolved = SkippedDestination(reason=SkipReason.UNRESOLVED)
            return Resolution(intended=(), skipped=(unresolved,))
        return self._resolver.resolve(target, own, origin=station.origin, now=self._clock.now())


def _is_origin(origin: Caller, destination: Destination) -> bool:
    if (origin.channel, origin.account) != (destination.channel, destination.account):
        return False
    if origin.conversation is not None or destination.conversation is not None:
        return origin.conversation == destination.conversation
    return origin.identity == destination.identity


def _note(
    target: ResponseTarget,
    planned: Sequence[StoredDelivery],
    skipped: Sequence[SkippedDestination],
) -> JsonObject:
    return {
        "target": target.kind,
        "intended": [
            {
                "delivery_id": stored.delivery.id,
                "channel": stored.delivery.destination.channel,
                "account": stored.delivery.destination.account,
            }
            for stored in planned
        ],
        "skipped": [
            {"reason": one.reason.value, "channel": one.channel, "account": one.account}
            for one in skipped
        ],
    }


_make_delivery = maker(Delivery)
_make_stored = maker(StoredDelivery)

__all__ = ["AnswerPlanner", "Carrier"]
