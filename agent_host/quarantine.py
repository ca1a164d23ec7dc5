"""Reading what is stored so that what cannot be made sense of costs itself and nothing else.

It is set aside by the first who meets it: its bytes are kept, it reads as missing from then on, and
the log says so once. An entry of a stream leaves a hole in its place. What is of a newer version is
left where it is in a store that several processes share: one of them may be upgraded already.
"""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from agent_host.errors import ConflictError, NewerRecordError, StoreError, UnreadableRecordError
from agent_host.protocols.state_store import StateStore
from agent_host.types.store import HOLE, Key, Record, SetAside, SetAsideEntry, StreamEntry, Write

T = TypeVar("T")

logger = logging.getLogger(__name__)


async def read_record(store: StateStore, key: Key, decode: Callable[[Record], T]) -> T | None:
    """What the record says; None if there is none, or none that this release can make sense of."""
    record = await store.get(key)
    return None if record is None else await make_out(store, record, decode)


async def make_out(store: StateStore, record: Record, decode: Callable[[Record], T]) -> T | None:
    """What a record says that was read already; None if that cannot be told."""
    try:
        return decode(record)
    except UnreadableRecordError as error:
        await set_aside(store, [record], error)
        return None


async def make_out_all(
    store: StateStore, records: Sequence[Record], decode: Callable[[Record], T]
) -> list[T]:
    """What those of the records say that can be made sense of, in their order."""
    found = [await make_out(store, record, decode) for record in records]
    return [one for one in found if one is not None]


async def make_out_entry(
    store: StateStore, entry: StreamEntry, decode: Callable[[StreamEntry], T]
) -> T | None:
    """What an entry that was read already says; None for a hole, or what will be one."""
    if entry.value == HOLE:
        return None
    try:
        return decode(entry)
    except UnreadableRecordError as error:
        stream, position, value = entry
        write = SetAsideEntry(stream, position, value, error.code)
        await _commit(store, [write], error, f"an entry of a {stream.collection} stream")
        return None


async def set_aside(
    store: StateStore, records: Sequence[Record], error: UnreadableRecordError
) -> None:
    """Set records aside together: one that cannot be made sense of, first, and what is of no use
    without it.
    """
    # Of the key only the collection is told: people choose ids, of names for example.
    writes = [SetAside(record.key, record.version, error.code) for record in records]
    await _commit(store, writes, error, f"a {records[0].key.collection} record")


def decode_text(record: Record) -> str:
    """The text of a record that is nothing else.

    Raises:
        UnreadableRecordError: it is none.
    """
    try:
        return record.value.decode()
    except UnicodeDecodeError as error:
        message = f"A stored {record.key.collection} record is damaged."
        raise UnreadableRecordError(message) from error


async def _commit(
    store: StateStore, writes: Sequence[Write], error: UnreadableRecordError, what: str
) -> None:
    if store.shared and isinstance(error, NewerRecordError):
        logger.warning("%s is of a newer release and is passed over", what)
        return
    try:
        await store.commit(writes)
    except ConflictError:
        logger.debug("%s was changed while it was read", what)
    except StoreError as failure:
        logger.error(  # noqa: TRY400 - the codes say it
            "%s cannot be made sense of (%s), nor be set aside now (%s)",
            what,
            error.code,
            failure.code,
        )
    else:
        logger.error(
            "%s cannot be made sense of (%s) and was set aside; "
            "`agent-host quarantine list` shows it",
            what,
            error.code,
        )


__all__ = [
    "decode_text",
    "make_out",
    "make_out_all",
    "make_out_entry",
    "read_record",
    "set_aside",
]
