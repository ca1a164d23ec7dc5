"""Files as their owner sees them."""

from agent_host.errors import NotFoundError
from agent_host.protocols.file_store import FileStore, FileStream
from agent_host.types.principal import Owner


class OwnedFiles:
    """The `FileView` of one owner. Ids are looked up under the owner and nowhere else."""

    def __init__(self, store: FileStore, owner: Owner) -> None:
        self._store = store
        self._owner = owner

    async def open(self, file_id: str) -> FileStream:
        """The file, to be read piece by piece."""
        stream = await self._store.open(self._owner, file_id)
        if stream is None:
            raise NotFoundError("file")
        return stream


__all__ = ["OwnedFiles"]
