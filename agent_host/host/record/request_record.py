"""What a run needs to be started (again) by another process: who asked what, in whose name."""

from dataclasses import dataclass, replace

from agent_host.codec import VersionedCodec
from agent_host.host.file.keeper import FileKeeper
from agent_host.host.file.part import change_messages, without_bytes
from agent_host.protocols.state_store import StateStore
from agent_host.types.identifier import RunId
from agent_host.types.isolation import IsolationKeys
from agent_host.types.principal import Owner, Principal
from agent_host.types.quick_init import quick_init
from agent_host.types.request import ChannelRequest
from agent_host.types.store import Delete, Key, Put


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest:
    """A request as it passed the pipeline."""

    run_id: RunId
    owner: Owner
    principal: Principal
    request: ChannelRequest
    isolation: IsolationKeys | None = None


REQUEST_CODEC = VersionedCodec("stored_request", 1, StoredRequest)


class RequestRecords:
    """Keeps the requests of runs that wait: in the background, or for an answer."""

    def __init__(self, store: StateStore, files: FileKeeper) -> None:
        self._store = store
        self._files = files

    @staticmethod
    def put(stored: StoredRequest) -> Put:
        """The write that keeps the request for as long as its run is not over."""
        key = Key("run_request", stored.owner.partition, stored.run_id)
        messages = change_messages(stored.request.input, without_bytes)
        if messages is not stored.request.input:
            stored = replace(stored, request=replace(stored.request, input=messages))
        return Put(key, REQUEST_CODEC.encode(stored))

    @staticmethod
    def delete(owner: Owner, run_id: RunId) -> Delete:
        """The write that forgets it."""
        return Delete(Key("run_request", owner.partition, run_id))

    async def get(self, owner: Owner, run_id: str) -> StoredRequest | None:
        """The request of the owner's run."""
        record = await self._store.get(Key("run_request", owner.partition, run_id))
        if record is None:
            return None
        stored = REQUEST_CODEC.decode(record.value)
        messages = await self._files.restore_messages(owner, stored.request.input)
        if messages is stored.request.input:
            return stored
        return replace(stored, request=replace(stored.request, input=messages))


__all__ = ["RequestRecords", "StoredRequest"]
