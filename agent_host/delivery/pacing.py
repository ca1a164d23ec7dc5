"""How many deliveries of one person are let go at once, so that a fan-out does not hold up others.

In memory, of a bounded number of people: each process lets go what it plans itself.
"""

from collections import OrderedDict
from datetime import timedelta
from typing import Final

from agent_host.protocols.clock import Clock
from agent_host.types.delivery_policy import DeliveryPolicy
from agent_host.types.principal import Owner

_PEOPLE_LIMIT: Final = 4096
_NOTHING: Final = timedelta()


class Pacing:
    """A leaky bucket for each person who has sent lately."""

    def __init__(self, policy: DeliveryPolicy, clock: Clock) -> None:
        self._spacing = policy.spacing.total_seconds()
        self._ahead = self._spacing * max(policy.burst - 1, 0)
        self._clock = clock
        self._next: OrderedDict[tuple[str, str], float] = OrderedDict()

    def delays(self, owner: Owner, count: int) -> list[timedelta]:
        """How long each of so many is held back, in their order."""
        now = self._clock.monotonic()
        person = owner.tenant, owner.isolation_key
        following = max(self._next.pop(person, now), now)
        waits: list[timedelta] = []
        for _ in range(count):
            wait = following - now - self._ahead
            waits.append(timedelta(seconds=wait) if wait > 0 else _NOTHING)
            following += self._spacing
        self._next[person] = following
        if len(self._next) > _PEOPLE_LIMIT:
            self._next.popitem(last=False)
        return waits


__all__ = ["Pacing"]
