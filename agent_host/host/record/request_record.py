"""What a run needs to be started (again) by another process: who asked what, in whose name."""

from dataclasses import dataclass, replace
from typing import Final

from agent_host.codec import VersionedCodec
from agent_host.host.file.keeper import FileKeeper
from agent_host.host.file.part import change_messages, without_bytes
from agent_host.protocols.state_store import StateStore
from agent_host.quarantine import read_record
from agent_host.types.identifier import RunId
from agent_host.types.isolation import IsolationKeys
from agent_host.types.principal import Owner, Principal
from agent_host.types.quick_init import quick_init
from agent_host.types.request import ChannelRequest
from agent_host.types.store import Delete, Key, Put, Record


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest:
    """A request as it passed the pipeline. `lost_preparations` counts the processes that ended
    while its turn was made, as far as they are counted.
    """

    run_id: RunId
    owner: Owner
    principal: Principal
    request: ChannelRequest
    isolation: IsolationKeys | None = None
    lost_preparations: int = 0


COLLECTION: Final = "run_request"
REQUEST_CODEC = VersionedCodec("stored_request", 1, StoredRequest)


class RequestRecords:
    """Keeps the requests of runs that wait: in the background, or for an answer."""

    def __init__(self, store: StateStore, files: FileKeeper) -> None:
        self._store = store
        self._files = files

    @staticmethod
    def put(stored: StoredRequest) -> Put:
        """The write that keeps the request for as long as its run is not over."""
        key = Key(COLLECTION, stored.owner.partition, stored.run_id)
        messages = change_messages(stored.request.input, without_bytes)
        if messages is not stored.request.input:
            stored = replace(stored, request=replace(stored.request, input=messages))
        return Put(key, REQUEST_CODEC.encode(stored))

    @staticmethod
    def delete(owner: Owner, run_id: RunId) -> Delete:
        """The write that forgets it."""
        return Delete(Key(COLLECTION, owner.partition, run_id))

    async def get(self, owner: Owner, run_id: str) -> StoredRequest | None:
        """The request of the owner's run."""
        key = Key(COLLECTION, owner.partition, run_id)
        stored = await read_record(self._store, key, read_request)
        if stored is None:
            return None
        messages = await self._files.restore_messages(owner, stored.request.input)
        if messages is stored.request.input:
            return stored
        return replace(stored, request=replace(stored.request, input=messages))


def read_request(record: Record) -> StoredRequest:
    """The request of a record; bytes of files are elsewhere.

    Raises:
        UnreadableRecordError: the record is damaged or of another version.
    """
    return REQUEST_CODEC.decode(record.value)


__all__ = ["RequestRecords", "StoredRequest", "read_request"]
