"""The seam to stores whose own files may hold what was deleted, until they are written anew."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from agent_host.types.principal import Owner
from agent_host.types.store import Record, StreamEntry


@runtime_checkable
class ScrubbingStore(Protocol):
    """A `StateStore` may be one; of any other it is said that a delete leaves nothing."""

    async def unreadable(self, owner: Owner) -> Sequence[Record | StreamEntry]:
        """What was set aside of this owner because nobody could read it."""
        ...

    async def drop_unreadable(self, owner: Owner) -> int:
        """Forget what was set aside of this owner because nobody could read it; how much."""
        ...

    async def scrub(self) -> None:
        """Leave nothing in the store's own files of what was deleted or has expired. It may take as
        long as reading and writing all that is stored; writes wait meanwhile.

        Raises:
            StoreError: it cannot be done now; nothing is lost.
        """
        ...


__all__ = ["ScrubbingStore"]
