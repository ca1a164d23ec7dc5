"""What linkers and the desk keep while a link is on its way: by tenant, linker and name.

All of it expires within minutes. Names are hashes or ids of ours, never what a caller sends.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from agent_host.codec import VersionedCodec
from agent_host.protocols.state_store import StateStore
from agent_host.types.channel_record import ChannelRecord
from agent_host.types.json import JsonObject
from agent_host.types.store import Delete, Key, Put

COLLECTION: Final = "link_step"
DESK: Final = "@desk"
"""Where the desk keeps what waits; no linker can be called that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptStep:
    """The stored form."""

    value: JsonObject


CODEC = VersionedCodec("link_step", 1, KeptStep)


class StoredLinkStorage:
    """The `LinkStorage` of one linker."""

    def __init__(self, store: StateStore, linker: str) -> None:
        self._store = store
        self._linker = linker

    async def get(self, tenant: str, name: str) -> ChannelRecord | None:
        """What is kept under the name."""
        record = await self._store.get(self._key(tenant, name))
        if record is None:
            return None
        return ChannelRecord(value=CODEC.decode(record.value).value, version=record.version)

    async def put(
        self,
        tenant: str,
        name: str,
        value: JsonObject,
        *,
        time_to_live: timedelta,
        expect: int | None = None,
    ) -> None:
        """Keep a value; with `expect` only over that version."""
        payload = CODEC.encode(KeptStep(value=value))
        await self._store.commit([Put(self._key(tenant, name), payload, expect, time_to_live)])

    async def delete(self, tenant: str, name: str, *, expect: int | None = None) -> None:
        """Forget it; with `expect` only at that version."""
        await self._store.commit([Delete(self._key(tenant, name), expect)])

    def _key(self, tenant: str, name: str) -> Key:
        return Key(COLLECTION, partition_of(tenant, self._linker), name)


def partition_of(tenant: str, linker: str) -> str:
    """Where a linker's steps are, length-prefixed so that no two share it."""
    return f"{len(tenant)}.{tenant}.{linker}"


__all__ = ["CODEC", "COLLECTION", "DESK", "KeptStep", "StoredLinkStorage", "partition_of"]
