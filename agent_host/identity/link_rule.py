"""The link policy, asked for all the places that a link would bring together."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from agent_host.errors import LinkRefusedError
from agent_host.identity.key import PROOF_MARK
from agent_host.protocols.link_policy import LinkPolicy
from agent_host.types.identity import HOST_MARK, KnownIdentity, LinkSide
from agent_host.types.principal import ChannelIdentity

logger = logging.getLogger(__name__)

REFUSED: Final = "link_policy"


class LinkRule:
    """`tiers` are by channel. `caller_channels` says those on which an authenticator tells who is
    calling: such a caller reads on all of them, so all of them must be allowed.
    """

    def __init__(
        self,
        policy: LinkPolicy,
        *,
        tiers: Mapping[str, str] | None = None,
        caller_channels: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._policy = policy
        self._tiers = dict(tiers or {})
        self._caller_channels = caller_channels

    def allows(self, source: LinkSide, destination: LinkSide) -> bool:
        """Whether what is said at `source` may be seen at `destination`. A policy that fails says
        no.
        """
        try:
            return self._policy.allows(source, destination)
        except Exception:
            logger.exception("the link policy failed; nothing is allowed")
            return False

    def side(self, channel: str, account: str = "default") -> LinkSide:
        """A channel as policies see it."""
        return LinkSide(channel=channel, account=account, tier=self._tiers.get(channel))

    def check(self, first: Sequence[KnownIdentity], second: Sequence[KnownIdentity]) -> None:
        """Return if every place of one may see what is said at every place of the other, and the
        other way round.

        Raises:
            LinkRefusedError: one may not.
        """
        here, there = self._places(first), self._places(second)
        if here and there:
            pairs = [(one, other) for one in here for other in there]
        else:
            # A proof of who somebody is is no place. What is asked then is whether links are made
            # at all, of each place to itself.
            alone = here or there or [self.side(member.identity.channel) for member in first]
            pairs = [(place, place) for place in alone]
        for one, other in pairs:
            if not (self.allows(one, other) and self.allows(other, one)):
                raise LinkRefusedError(REFUSED)

    def _places(self, members: Sequence[KnownIdentity]) -> list[LinkSide]:
        found: list[LinkSide] = []
        for member in members:
            found += self._sides(member.identity)
        return list(dict.fromkeys(found))

    def _sides(self, identity: ChannelIdentity) -> list[LinkSide]:
        if identity.channel.startswith(PROOF_MARK):
            return []
        if identity.channel.startswith(HOST_MARK):
            return [self.side(channel) for channel in sorted(self._caller_channels())]
        return [self.side(identity.channel, identity.account)]


__all__ = ["REFUSED", "LinkRule"]
