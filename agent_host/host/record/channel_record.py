"""What channels keep for their callers: by owner, channel and the channel's own name for it."""

from dataclasses import dataclass
from typing import Final

from agent_host.codec import VersionedCodec
from agent_host.errors import RequestError, TooLargeError
from agent_host.protocols.state_store import StateStore
from agent_host.quarantine import read_record
from agent_host.types.channel_record import ChannelRecord, RecordLife
from agent_host.types.json import JsonObject
from agent_host.types.principal import Owner
from agent_host.types.run_policy import RunPolicy
from agent_host.types.session import SessionPolicy
from agent_host.types.store import Delete, Key, Put, Record

COLLECTION: Final = "channel_record"
NAME_LIMIT: Final = 256
VALUE_LIMIT_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptValue:
    """The stored form."""

    value: JsonObject


CODEC = VersionedCodec("channel_record", 1, KeptValue)


class ChannelRecords:
    """They live as long as what they are about can: a session or a finished run, from the last
    write on; or, where the channel says so, as long as their owner.
    """

    def __init__(self, store: StateStore, *, runs: RunPolicy, sessions: SessionPolicy) -> None:
        self._store = store
        self._time_to_live = max(runs.retention, sessions.time_to_live)

    def of(self, owner: Owner, channel: str) -> "OwnedRecords":
        """Those of one owner on one channel."""
        return OwnedRecords(self._store, self, owner=owner, channel=channel)

    def put(self, key: Key, value: JsonObject, expect: int | None, life: RecordLife) -> Put:
        """The write.

        Raises:
            TooLargeError: the value is more than a record may have.
        """
        encoded = CODEC.encode(KeptValue(value=value))
        if len(encoded) > VALUE_LIMIT_BYTES:
            message = f"There is room for {VALUE_LIMIT_BYTES} bytes here, and this is more."
            raise TooLargeError(message)
        time_to_live = self._time_to_live if life is RecordLife.SESSION else None
        return Put(key, encoded, expect, time_to_live)


class OwnedRecords:
    """The `RecordView` of one owner and channel."""

    def __init__(
        self, store: StateStore, records: ChannelRecords, *, owner: Owner, channel: str
    ) -> None:
        self._store = store
        self._records = records
        self._owner = owner
        self._channel = channel

    async def get(self, name: str) -> ChannelRecord | None:
        """What is kept under the name."""
        return await read_record(self._store, self._key(name), read_channel_record)

    async def put(
        self,
        name: str,
        value: JsonObject,
        *,
        expect: int | None = None,
        life: RecordLife = RecordLife.SESSION,
    ) -> None:
        """Keep a value; with `expect` only over that version, 0 for none."""
        await self._store.commit([self._records.put(self._key(name), value, expect, life)])

    async def delete(self, name: str) -> None:
        """Forget it."""
        await self._store.commit([Delete(self._key(name))])

    def _key(self, name: str) -> Key:
        if not 0 < len(name) <= NAME_LIMIT:
            message = f"A record's name has 1 to {NAME_LIMIT} characters."
            raise RequestError(message)
        place = f"{len(self._channel)}.{self._channel}.{name}"
        return Key(COLLECTION, self._owner.partition, place)


def read_channel_record(record: Record) -> ChannelRecord:
    """What a record keeps.

    Raises:
        UnreadableRecordError: the record is damaged or of another version.
    """
    return ChannelRecord(value=CODEC.decode(record.value).value, version=record.version)


__all__ = [
    "NAME_LIMIT",
    "VALUE_LIMIT_BYTES",
    "ChannelRecords",
    "KeptValue",
    "OwnedRecords",
    "read_channel_record",
]
