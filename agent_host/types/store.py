"""Values of the `StateStore` seam. Tuples, since every request makes several of them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple, TypeAlias

ABSENT: Final = 0
"""The version of a record that does not exist; as `expect` it means "must not exist yet"."""

HOLE: Final = b"\0aside"
"""What stands in a stream where an entry was set aside, so that those behind it keep their places.
Nobody appends it.
"""


class Key(NamedTuple):
    """Where a record is. `collection` is one noun, `partition` whose it is, `id` which one.

    Scans are ordered by `id` within one (collection, partition). The parts are separate columns, so
    no two keys can collide whatever text they hold.
    """

    collection: str
    partition: str
    id: str


class Record(NamedTuple):
    """A stored value. `version` counts its writes from 1."""

    key: Key
    value: bytes
    version: int


class Put(NamedTuple):
    """Write a record. `expect` is the version it must have now (`ABSENT`: none), None for any.

    A record with a `time_to_live` vanishes then, and a bounded store may evict it earlier; one
    without stays until it is deleted.
    """

    key: Key
    value: bytes
    expect: int | None = None
    time_to_live: timedelta | None = None


class Delete(NamedTuple):
    """Remove a record; removing what is not there is no error unless `expect` says so."""

    key: Key
    expect: int | None = None


class SetAside(NamedTuple):
    """Take a record that nobody here can make sense of out of the way, if it is at this version.

    It reads as absent from then on. A durable store keeps its bytes apart, and its time to live
    goes on there; another forgets it. `code` says why: a word for the operator, not content.
    """

    key: Key
    expect: int
    code: str


class Append(NamedTuple):
    """Add entries to the end of a stream, which exists from its first entry on.

    `expect` is the length the stream must have now. `time_to_live` counts from this append and
    replaces the former one; None keeps the stream until it is deleted.
    """

    stream: Key
    entries: tuple[bytes, ...]
    expect: int | None = None
    time_to_live: timedelta | None = None


class SetAsideEntry(NamedTuple):
    """Put `HOLE` in the place of an entry that nobody here can make sense of, if it is this one.

    The stream's length and its end stay. A durable store keeps the entry's bytes apart for as long
    as there is the stream; another forgets them. `code` is as with `SetAside`.
    """

    stream: Key
    position: int
    expect: bytes
    code: str


class DeleteStream(NamedTuple):
    """Remove a stream with all its entries, and what was set aside of them."""

    stream: Key


Write: TypeAlias = Put | Delete | SetAside | Append | SetAsideEntry | DeleteStream


class StreamEntry(NamedTuple):
    """One entry of a stream, and where it is, or was."""

    stream: Key
    position: int
    value: bytes


class StreamSlice(NamedTuple):
    """Consecutive entries of a stream. `first` is the position of `entries[0]`, `length` the whole
    stream's number of entries at the time of reading.
    """

    first: int
    entries: tuple[bytes, ...]
    length: int


@dataclass(frozen=True, slots=True)
class Lease:
    """Sole use of a name for a while. `fence` grows with every acquisition of that name."""

    name: Key
    holder: str
    fence: int


__all__ = [
    "ABSENT",
    "HOLE",
    "Append",
    "Delete",
    "DeleteStream",
    "Key",
    "Lease",
    "Put",
    "Record",
    "SetAside",
    "SetAsideEntry",
    "StreamEntry",
    "StreamSlice",
    "Write",
]
