"""SQL that takes many rows at once.

Python's `sqlite3` lets go of the interpreter's lock at every step and has to get it back, which
costs milliseconds while the event loop is busy; a statement over many rows is one step.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final

_SIZES: Final = (128, 64, 32, 16, 8, 4, 2, 1)


class ManyRows:
    """A statement with `{rows}` where a list of rows of `width` values goes."""

    __slots__ = ("_by_size",)

    def __init__(self, template: str, width: int) -> None:
        row = f"({','.join('?' * width)})"
        self._by_size = [(size, template.format(rows=",".join([row] * size))) for size in _SIZES]

    def write(self, connection: sqlite3.Connection, rows: Sequence[Iterable[Any]]) -> None:
        """Execute it for these rows, in a few steps."""
        start, left = 0, len(rows)
        for size, text in self._by_size:
            while left >= size:
                taken = rows[start : start + size]
                connection.execute(text, tuple(chain.from_iterable(taken)))
                start += size
                left -= size

    def find(
        self, connection: sqlite3.Connection, rows: Sequence[Iterable[Any]]
    ) -> list[tuple[Any, ...]]:
        """What it selects for these rows, in any order."""
        found: list[tuple[Any, ...]] = []
        start, left = 0, len(rows)
        while left > 0:
            size, text = next(one for one in reversed(self._by_size) if one[0] >= min(left, 128))
            taken = list(rows[start : start + size])
            taken += [taken[-1]] * (size - len(taken))  # the same again finds nothing more
            found += connection.execute(text, tuple(chain.from_iterable(taken))).fetchall()
            start += size
            left -= size
        return found


_KEY: Final = "(collection, partition, id)"

FIND_RECORDS: Final = ManyRows(
    "SELECT collection, partition, id, version, expires_at FROM records "
    f"WHERE {_KEY} IN (VALUES {{rows}})",
    3,
)
FIND_STREAMS: Final = ManyRows(
    "SELECT collection, partition, id, length, expires_at, number FROM streams "
    f"WHERE {_KEY} IN (VALUES {{rows}})",
    3,
)
PUT_RECORDS: Final = ManyRows(
    "INSERT INTO records (collection, partition, id, version, expires_at, value) "
    f"VALUES {{rows}} ON CONFLICT {_KEY} DO UPDATE SET version = excluded.version, "
    "expires_at = excluded.expires_at, value = excluded.value",
    6,
)
PUT_STREAMS: Final = ManyRows(
    "INSERT INTO streams (collection, partition, id, number, length, expires_at) "
    f"VALUES {{rows}} ON CONFLICT {_KEY} DO UPDATE SET number = excluded.number, "
    "length = excluded.length, expires_at = excluded.expires_at",
    6,
)
PUT_ENTRIES: Final = ManyRows("INSERT INTO entries (stream, position, entry) VALUES {rows}", 3)
PUT_GARBAGE: Final = ManyRows("INSERT OR IGNORE INTO garbage (stream) VALUES {rows}", 1)
PUT_FACTS: Final = ManyRows(
    "INSERT INTO facts (name, value) VALUES {rows} "
    "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    2,
)
DELETE_RECORDS: Final = ManyRows(f"DELETE FROM records WHERE {_KEY} IN (VALUES {{rows}})", 3)
DELETE_STREAMS: Final = ManyRows(f"DELETE FROM streams WHERE {_KEY} IN (VALUES {{rows}})", 3)

__all__ = [
    "DELETE_RECORDS",
    "DELETE_STREAMS",
    "FIND_RECORDS",
    "FIND_STREAMS",
    "PUT_ENTRIES",
    "PUT_FACTS",
    "PUT_GARBAGE",
    "PUT_RECORDS",
    "PUT_STREAMS",
    "ManyRows",
]
