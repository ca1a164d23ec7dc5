"""The stored allowlist of those whom an operator let in, and its place among a host's rules."""

from dataclasses import replace

from agent_host.errors import ConfigurationError
from agent_host.identity.access_policy import ChannelAuth, HostAccessPolicy
from agent_host.identity.allowlist.combined import AnyOf
from agent_host.pairing.book import PairingBook
from agent_host.protocols.access_policy import Allowlist
from agent_host.types.pairing import PairingPolicy
from agent_host.types.visitor import Verdict, Visitor


class PairedAllowlist:
    """Allows whom an operator let in, by the very identity that asked; denies all others."""

    __slots__ = ("_book",)

    def __init__(self, book: PairingBook) -> None:
        self._book = book

    @property
    def parts(self) -> tuple[Allowlist, ...]:
        """None."""
        return ()

    async def judge(self, visitor: Visitor) -> Verdict:
        """One read, every time: what is taken back counts at once."""
        is_approved = await self._book.is_approved(visitor.identity)
        return Verdict.ALLOW if is_approved else Verdict.DENY


def locked(
    access: HostAccessPolicy, policy: PairingPolicy, paired: PairedAllowlist
) -> HostAccessPolicy:
    """The rules, with the channels of the policy locked: besides those whom a channel's list
    allows, only those come in whom an operator let in.

    Raises:
        ConfigurationError: no channel is named, or a limit would let nobody ask.
    """
    if not policy.channels:
        raise ConfigurationError("Pairing names no channel; name one, or leave pairing out.")
    limits = (policy.pending_limit_per_channel, policy.pending_limit, policy.requests_per_minute)
    if min(limits) < 1 or policy.time_to_live.total_seconds() <= 0:
        raise ConfigurationError("Pairing has a limit of nothing: nobody could ever be let in.")
    channels = dict(access.channels)
    for name in policy.channels:
        rules = access.policy_of(name)
        before = rules.allowlist
        channels[name] = ChannelAuth(
            allowlist=paired if before is None else AnyOf(before, paired),
            require_link=rules.require_link,
        )
    return replace(access, channels=channels)


__all__ = ["PairedAllowlist", "locked"]
