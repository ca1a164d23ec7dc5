"""The seam to sending without being asked: what a channel offers that can push."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol, runtime_checkable

from agent_host.protocols.delivery import RunStation
from agent_host.types.delivery import Destination, Push, PushRate, PushReceipt
from agent_host.types.json import JsonObject
from agent_host.types.run import HostedResult


class PushCodec(Protocol):
    """What a channel needs of a result, as versioned JSON that outlives a process and a release."""

    @property
    def version(self) -> int:
        """Stored beside what `encode` makes; grows with every change to it."""
        ...

    def encode(self, result: HostedResult) -> JsonObject:
        """Plain JSON, whole: nothing else is kept of the result."""
        ...

    def decode(self, value: JsonObject, version: int) -> HostedResult:
        """What was encoded by this or an earlier version.

        Raises:
            UnreadableRecordError: the version is unknown or the value is not one of ours. It is not
                guessed.
        """
        ...


class ChannelPush(Protocol):
    """How a channel sends. `Channel`s that can have it as `push`."""

    @property
    def codec(self) -> PushCodec | None:
        """None where the channel has none yet: a host refuses it, as every runner stores JSON."""
        ...

    @property
    def rate(self) -> PushRate | None:
        """The platform's documented limit, None where it has none."""
        ...

    @property
    def is_idempotent(self) -> bool:
        """Whether the platform takes the delivery id as a key, so that sending again is safe."""
        ...

    async def push(self, push: Push) -> PushReceipt:
        """Send one message to one destination, once.

        Raises:
            PushError: it was not taken, or nobody knows; the error says which class it is of, and
                for how long to wait. An `OutboundError` says the same of a request that got no
                answer. Anything else is taken for `unknown_after_send`.
        """
        ...


@runtime_checkable
class ScheduledPush(Protocol):
    """A `ChannelPush` whose protocol says when to try again."""

    @property
    def schedule(self) -> Sequence[timedelta]:
        """The wait before each further attempt; one more than these fail, and it is given up. What
        the platform itself asks for goes before it, if it is longer.
        """
        ...


@runtime_checkable
class SubscribedPush(Protocol):
    """A `ChannelPush` by which people, or the operator, have asked to hear of runs."""

    @property
    def hears_starts(self) -> bool:
        """Whether anybody may have asked to hear of runs that begin. Read once, when the host is
        built; where it is false no run pays for it.
        """
        ...

    async def subscribed(self, station: RunStation) -> Sequence[Destination]:
        """Who has asked for this. Called when a run asks something and when it is over, and, with
        `hears_starts`, when it begins; what it raises is logged, and nobody is told then.
        """
        ...


__all__ = ["ChannelPush", "PushCodec", "ScheduledPush", "SubscribedPush"]
