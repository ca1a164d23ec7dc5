"""Reading stored records so that one which cannot be made sense of costs itself and nothing else.

It is set aside by the first who meets it: its bytes are kept, it reads as missing from then on, and
the log says so once. In a store that several processes share, a record of a newer version is left
where it is: one of them may be upgraded already. Entries of streams are no records, and not moved.
"""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from agent_host.errors import ConflictError, NewerRecordError, StoreError, UnreadableRecordError
from agent_host.protocols.state_store import StateStore
from agent_host.types.store import Key, Record, SetAside

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
        await _set_aside(store, record, error)
        return None


async def make_out_all(
    store: StateStore, records: Sequence[Record], decode: Callable[[Record], T]
) -> list[T]:
    """What those of the records say that can be made sense of, in their order."""
    found = [await make_out(store, record, decode) for record in records]
    return [one for one in found if one is not None]


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


async def _set_aside(store: StateStore, record: Record, error: UnreadableRecordError) -> None:
    # Of the key only the collection is told: people choose ids, of names for example.
    collection = record.key.collection
    if store.shared and isinstance(error, NewerRecordError):
        logger.warning("a %s record is of a newer release and is passed over", collection)
        return
    try:
        await store.commit([SetAside(record.key, record.version, error.code)])
    except ConflictError:
        logger.debug("a %s record was changed while it was read", collection)
    except StoreError as failure:
        logger.error(  # noqa: TRY400 - the codes say it
            "a %s record cannot be made sense of (%s), nor be set aside now (%s)",
            collection,
            error.code,
            failure.code,
        )
    else:
        logger.error(
            "a %s record cannot be made sense of (%s) and was set aside; "
            "`agent-host quarantine list` shows it",
            collection,
            error.code,
        )


__all__ = ["decode_text", "make_out", "make_out_all", "read_record"]
