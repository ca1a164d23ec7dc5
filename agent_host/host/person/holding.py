"""The partitions that one caller may see: their own, and behind it those that came with links."""

from collections.abc import Callable, Sequence

from agent_host.protocols.identity_registry import IdentityBook
from agent_host.types.identifier import IsolationKey
from agent_host.types.principal import Owner


class Holding:
    """`owner` is where new things go. `person` is who they are, before a room or a platform
    narrows it; `narrow` is how it does that, and it does so to every key of theirs alike.
    """

    __slots__ = ("_book", "_narrow", "_person", "owner")

    def __init__(
        self,
        owner: Owner,
        *,
        person: Owner,
        book: IdentityBook,
        narrow: Callable[[IsolationKey], IsolationKey],
    ) -> None:
        self.owner = owner
        self._person = person
        self._book = book
        self._narrow = narrow

    async def others(self) -> Sequence[Owner]:
        """Besides the owner's own. Asked for only when something is not there."""
        if not self._book.has_links:
            return ()
        owners = (
            Owner(tenant=held.tenant, isolation_key=self._narrow(held.isolation_key))
            for held in await self._book.holdings(self._person)
        )
        return [owner for owner in dict.fromkeys(owners) if owner != self.owner]


__all__ = ["Holding"]
