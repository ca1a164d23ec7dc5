"""Files of a person with linked identities."""

from collections.abc import Callable

from agent_host.host.person.holding import Holding
from agent_host.host.person.search import first_found
from agent_host.protocols.file_store import FileStream
from agent_host.protocols.host_context import FileView
from agent_host.types.principal import Owner


class HeldFiles:
    """The `FileView` of a person: their own files, and those from before they linked."""

    def __init__(self, holding: Holding, files_of: Callable[[Owner], FileView]) -> None:
        self._holding = holding
        self._files_of = files_of

    async def open(self, file_id: str) -> FileStream:
        """The file, to be read piece by piece."""
        return await first_found(self._holding, lambda owner: self._files_of(owner).open(file_id))


__all__ = ["HeldFiles"]
