"""What a graph's checkpoint is on disk: versioned JSON around LangGraph's own msgpack.

LangGraph's serializer imports whatever type a stored value names, unless it is told which it may;
here those are LangGraph's list of safe types and the types that the graph's own state declares.
Everything else comes back as the plain data it was made of. Pickle and the older JSON form, which
revives objects too, are refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, cast

from langgraph.checkpoint.base import Checkpoint, CheckpointMetadata
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from agent_host.codec import VersionedCodec
from agent_host.errors import UnreadableRecordError

try:
    from langgraph._internal._serde import (  # pyright: ignore[reportMissingTypeStubs]
        collect_allowlist_from_schemas,
    )
except ImportError:  # Not public: without it, state comes back as plain data.
    collect_allowlist_from_schemas = None  # type: ignore[assignment]

EMPTY: Final = "empty"
_FORMS: Final = frozenset({"null", "bytes", "bytearray", "msgpack"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredValue:
    """A value as the serializer wrote it; the form `empty` says that the channel has none."""

    form: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCheckpoint:
    """A checkpoint without its channels' values, which are records of their own."""

    checkpoint: StoredValue
    metadata: StoredValue
    parent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWrite:
    """What a task wrote behind a checkpoint. `index` is negative for LangGraph's own."""

    task_id: str
    task_path: str
    index: int
    channel: str
    value: StoredValue


CHECKPOINT_CODEC: Final = VersionedCodec("langgraph_checkpoint", 1, StoredCheckpoint)
VALUE_CODEC: Final = VersionedCodec("langgraph_value", 1, StoredValue)
WRITE_CODEC: Final = VersionedCodec("langgraph_write", 1, StoredWrite)


class StrictSerializer:
    """LangGraph's serializer protocol; see the module."""

    def __init__(self, channels: Mapping[str, object]) -> None:
        allowed: set[tuple[str, ...]] = set()
        if collect_allowlist_from_schemas is not None:
            allowed = collect_allowlist_from_schemas(channels=dict(channels))
        self._inner = JsonPlusSerializer(
            pickle_fallback=False,
            allowed_json_modules=None,
            allowed_msgpack_modules=sorted(allowed) or None,
        )

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:  # noqa: ANN401 - the protocol's
        """The form and the bytes.

        Raises:
            TypeError, ValueError: it cannot be written.
        """
        return self._inner.dumps_typed(obj)

    def loads_typed(self, data: tuple[str, bytes]) -> Any:  # noqa: ANN401 - the protocol's
        """The value.

        Raises:
            UnreadableRecordError: it is of a form that is not read here, or damaged.
        """
        if data[0] not in _FORMS:
            message = "A stored value of a graph is of a form that is never read."
            raise UnreadableRecordError(message)
        try:
            return self._inner.loads_typed(data)
        except Exception as error:  # damaged bytes fail in every way
            message = "A stored value of a graph is damaged."
            raise UnreadableRecordError(message) from error

    def stored(self, value: object) -> StoredValue:
        """The value as a record has it."""
        form, data = self.dumps_typed(value)
        return StoredValue(form=form, data=bytes(data))

    def read(self, stored: StoredValue) -> Any:  # noqa: ANN401 - whatever was stored
        """The value of a record."""
        return self.loads_typed((stored.form, stored.data))


class CheckpointHead(NamedTuple):
    """A checkpoint without its channels' values."""

    checkpoint: Checkpoint
    metadata: CheckpointMetadata
    parent: str | None


def read_head(value: bytes, checkpoint_id: str, serializer: StrictSerializer) -> CheckpointHead:
    """The checkpoint of a record.

    Raises:
        UnreadableRecordError: the record is damaged, of another version, or another's.
    """
    stored = CHECKPOINT_CODEC.decode(value)
    checkpoint: Any = serializer.read(stored.checkpoint)
    metadata: Any = serializer.read(stored.metadata)
    if not isinstance(checkpoint, dict) or not isinstance(metadata, dict):
        raise _misshapen()
    members = cast("dict[str, object]", checkpoint)
    maps = [members.get(name) for name in ("channel_versions", "versions_seen")]
    if members.get("id") != checkpoint_id or not all(isinstance(one, dict) for one in maps):
        raise _misshapen()
    return CheckpointHead(
        cast("Checkpoint", members), cast("CheckpointMetadata", metadata), stored.parent
    )


def _misshapen() -> UnreadableRecordError:
    return UnreadableRecordError("A stored checkpoint of a graph is none.")


__all__ = [
    "CHECKPOINT_CODEC",
    "EMPTY",
    "VALUE_CODEC",
    "WRITE_CODEC",
    "CheckpointHead",
    "StoredCheckpoint",
    "StoredValue",
    "StoredWrite",
    "StrictSerializer",
    "read_head",
]
