"""From a response target to destinations. Pure: what is known of the person is brought along.

Only what is the owner's own is ever a destination; what is somebody else's reads as what nobody
has.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from agent_host.delivery.place import delivery_id_of
from agent_host.protocols.link_policy import LinkPolicy
from agent_host.types.delivery import Destination, SkippedDestination, SkipReason
from agent_host.types.delivery_policy import DeliveryPolicy
from agent_host.types.identity import KnownIdentity, LinkSide
from agent_host.types.principal import ChannelIdentity
from agent_host.types.request import Caller
from agent_host.types.response_target import ResponseTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """Where it goes, and where not."""

    intended: tuple[Destination, ...]
    skipped: tuple[SkippedDestination, ...]


class Resolver:
    """One per host. `pushing` are the names of channels that can push, `tiers` the tier of each
    channel that has one.
    """

    def __init__(
        self,
        policy: DeliveryPolicy,
        *,
        pushing: Iterable[str],
        link_policy: LinkPolicy | None = None,
        tiers: Mapping[str, str] | None = None,
    ) -> None:
        self._policy = policy
        self._pushing = frozenset(pushing)
        self._link_policy = link_policy
        self._tiers = tiers or {}

    @property
    def can_push_at_all(self) -> bool:
        """Whether there is any channel that can send."""
        return bool(self._pushing)

    def can_push(self, channel: str) -> bool:
        """Whether anything can be sent by this channel."""
        return channel in self._pushing

    def side_of(self, channel: str, account: str) -> LinkSide:
        """A channel's account as a link policy sees it."""
        return LinkSide(channel=channel, account=account, tier=self._tiers.get(channel))

    def allows(self, source: LinkSide | None, destination: Destination) -> bool:
        """Whether what comes from `source` may go there. None is the operator, who decides."""
        if source is None or self._link_policy is None:
            return True
        if (source.channel, source.account) == (destination.channel, destination.account):
            return True
        side = self.side_of(destination.channel, destination.account)
        try:
            return self._link_policy.allows(source, side) is True
        except Exception:  # noqa: BLE001 - the seam says so: an exception counts as no
            return False

    def resolve(
        self,
        target: ResponseTarget,
        known: Sequence[KnownIdentity],
        *,
        origin: Caller | None,
        now: datetime,
    ) -> Resolution:
        """Destinations in the order they are wished, each once. `known` are those seen last first;
        `origin` is who asked, None where nobody has.
        """
        skipped: list[SkippedDestination] = []
        wished = self._wished(target, known, origin, now, skipped)
        source = None if origin is None else self.side_of(origin.channel, origin.account)
        chosen: dict[str, Destination] = {}
        for destination in wished:
            reason = self._refusal(source, destination)
            place = delivery_id_of("", destination)
            if place in chosen:
                continue
            if reason is None and len(chosen) >= self._policy.destination_limit:
                reason = SkipReason.LIMIT
            if reason is None:
                chosen[place] = destination
            else:
                skipped.append(_skip(reason, destination))
        return Resolution(intended=tuple(chosen.values()), skipped=tuple(skipped))

    def _wished(
        self,
        target: ResponseTarget,
        known: Sequence[KnownIdentity],
        origin: Caller | None,
        now: datetime,
        skipped: list[SkippedDestination],
    ) -> list[Destination]:
        if target.kind == "sender" and origin is not None:
            return [_origin(origin)]
        if target.kind == "active":
            return self._active(known, origin, now, skipped)
        if target.kind == "all_linked":
            if not known:
                skipped.append(SkippedDestination(reason=SkipReason.NOT_LINKED))
            return [_destination(one) for one in known]
        if target.kind == "channels":
            return _of_channels(target.channels, known, skipped)
        if target.kind == "identities":
            return _of_identities(target.identities, known, skipped)
        return []

    def _active(
        self,
        known: Sequence[KnownIdentity],
        origin: Caller | None,
        now: datetime,
        skipped: list[SkippedDestination],
    ) -> list[Destination]:
        """Where the person was last, if that is not too long ago; else where the question came
        from. A message that no question led to goes to where they were last, however long ago.
        """
        seen = [one for one in known if one.last_seen_at is not None]
        latest = max(seen, key=lambda one: one.last_seen_at or now, default=None)
        if latest is not None and latest.last_seen_at is not None:
            fresh = now - latest.last_seen_at <= self._policy.active_within
            if fresh or origin is None:
                return [_destination(latest)]
        skipped.append(SkippedDestination(reason=SkipReason.NOT_ACTIVE))
        return [] if origin is None else [_origin(origin)]

    def _refusal(self, source: LinkSide | None, destination: Destination) -> SkipReason | None:
        nobody = destination.identity is None and destination.conversation is None
        if nobody or not self.can_push(destination.channel):
            return SkipReason.CANNOT_PUSH
        return None if self.allows(source, destination) else SkipReason.LINK_POLICY


def _of_channels(
    channels: Sequence[str], known: Sequence[KnownIdentity], skipped: list[SkippedDestination]
) -> list[Destination]:
    """On each channel the identity that was seen last there."""
    found: list[Destination] = []
    for channel in channels:
        there = next((one for one in known if one.identity.channel == channel), None)
        if there is None:
            skipped.append(SkippedDestination(reason=SkipReason.NOT_LINKED, channel=channel))
        else:
            found.append(_destination(there))
    return found


def _of_identities(
    identities: Sequence[ChannelIdentity],
    known: Sequence[KnownIdentity],
    skipped: list[SkippedDestination],
) -> list[Destination]:
    # All that is known is of the owner's tenant, whose name a caller need not know.
    own = {_name(one.identity): one for one in known}
    found: list[Destination] = []
    for identity in identities:
        one = own.get(_name(identity))
        if one is None:
            skipped.append(
                SkippedDestination(
                    reason=SkipReason.NOT_LINKED,
                    channel=identity.channel,
                    account=identity.account,
                )
            )
        else:
            found.append(_destination(one))
    return found


def _name(identity: ChannelIdentity) -> tuple[str, str, str]:
    return identity.channel, identity.account, identity.native_id


def _destination(known: KnownIdentity) -> Destination:
    identity = known.identity
    return Destination(
        channel=identity.channel,
        account=identity.account,
        identity=identity,
        conversation=known.conversation,
    )


def _origin(origin: Caller) -> Destination:
    return Destination(
        channel=origin.channel,
        account=origin.account,
        identity=origin.identity,
        conversation=origin.conversation,
    )


def _skip(reason: SkipReason, destination: Destination) -> SkippedDestination:
    return SkippedDestination(
        reason=reason, channel=destination.channel, account=destination.account
    )


__all__ = ["Resolution", "Resolver"]
