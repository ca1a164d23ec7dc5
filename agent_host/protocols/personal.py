"""The seam to parts of the host that keep something of people outside of their partitions."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from agent_host.types.identity import KnownIdentity
from agent_host.types.personal import Holding
from agent_host.types.principal import Owner


class PersonalPart(Protocol):
    """One that writes to collections by keys which no owner's partition leads to."""

    def holdings(
        self, person: Owner, identities: Sequence[KnownIdentity]
    ) -> AsyncIterator[Holding]:
        """Where there is something of this person now. What leads to other things comes behind
        them, as they may be deleted in this order.
        """
        ...


__all__ = ["PersonalPart"]
