"""SQL that takes many rows at once.

Python's `sqlite3` lets go of the interpreter's lock at every step and has to get it back, which
costs milliseconds while the event loop is busy; a statement over many rows is one step. A
connection keeps all of them prepared (`disk_schema`), so there is a text for each number of rows
that a small group has, and a few for what is more.
"""

import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final

SIZES: Final = (*range(1, 33), 64, 128)
"""How many rows one statement takes."""


class ManyRows:
    """A statement with `{rows}` where a list of rows of `width` values goes."""

    __slots__ = ("_row", "_template", "_texts")

    def __init__(self, template: str, width: int) -> None:
        self._template = template
        self._row = f"({','.join('?' * width)})"
        self._texts: dict[int, str] = {}

    def write(self, connection: sqlite3.Connection, rows: Sequence[Iterable[Any]]) -> None:
        """Execute it for these rows, in a few steps."""
        start, end = 0, len(rows)
        while start < end:
            size = SIZES[bisect_right(SIZES, end - start) - 1]
            taken = rows[start : start + size]
            connection.execute(self.text(size), tuple(chain.from_iterable(taken)))
            start += size

    def find(
        self, connection: sqlite3.Connection, rows: Sequence[Iterable[Any]]
    ) -> list[tuple[Any, ...]]:
        """What it selects for these rows, in any order."""
        found: list[tuple[Any, ...]] = []
        start, end = 0, len(rows)
        while start < end:
            size = SIZES[bisect_left(SIZES, min(end - start, SIZES[-1]))]
            taken = list(rows[start : start + size])
            taken += [taken[-1]] * (size - len(taken))  # the same again finds nothing more
            values = tuple(chain.from_iterable(taken))
            found += connection.execute(self.text(size), values).fetchall()
            start += size
        return found

    def text(self, size: int) -> str:
        """The statement for so many rows, which is one of `SIZES`."""
        text = self._texts.get(size)
        if text is None:
            rows = ",".join([self._row] * size)
            text = self._texts[size] = self._template.format(rows=rows)
        return text


# A list of rows straight after IN is compared with every row there is; a subquery is looked up.
FIND_RECORDS: Final = ManyRows(
    "WITH k (c, p, i) AS (VALUES {rows})"
    " SELECT r.collection, r.partition, r.id, r.version, r.expires_at FROM k"
    " CROSS JOIN records r ON r.collection = k.c AND r.partition = k.p AND r.id = k.i",
    3,
)
FIND_STREAMS: Final = ManyRows(
    "WITH k (c, p, i) AS (VALUES {rows})"
    " SELECT s.collection, s.partition, s.id, s.length, s.expires_at, s.number FROM k"
    " CROSS JOIN streams s ON s.collection = k.c AND s.partition = k.p AND s.id = k.i",
    3,
)
DELETE_RECORDS: Final = ManyRows(
    "DELETE FROM records WHERE (collection, partition, id) IN (SELECT * FROM (VALUES {rows}))", 3
)
DELETE_STREAMS: Final = ManyRows(
    "DELETE FROM streams WHERE (collection, partition, id) IN (SELECT * FROM (VALUES {rows}))", 3
)
PUT_RECORDS: Final = ManyRows(
    "INSERT INTO records (collection, partition, id, version, expires_at, value) VALUES {rows}"
    " ON CONFLICT (collection, partition, id) DO UPDATE SET version = excluded.version,"
    " expires_at = excluded.expires_at, value = excluded.value",
    6,
)
ADD_RECORDS: Final = ManyRows(
    "INSERT INTO records (collection, partition, id, version, expires_at, value) VALUES {rows}", 6
)
ADD_STREAMS: Final = ManyRows(
    "INSERT INTO streams (collection, partition, id, number, length, expires_at) VALUES {rows}", 6
)
PUT_STREAMS: Final = ManyRows(
    "INSERT INTO streams (collection, partition, id, number, length, expires_at) VALUES {rows}"
    " ON CONFLICT (collection, partition, id) DO UPDATE SET number = excluded.number,"
    " length = excluded.length, expires_at = excluded.expires_at",
    6,
)
PUT_ENTRIES: Final = ManyRows("INSERT INTO entries (place, entry) VALUES {rows}", 2)
PUT_GARBAGE: Final = ManyRows("INSERT OR IGNORE INTO garbage (stream) VALUES {rows}", 1)
PUT_FACTS: Final = ManyRows(
    "INSERT INTO facts (name, value) VALUES {rows} "
    "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    2,
)
__all__ = [
    "ADD_RECORDS",
    "ADD_STREAMS",
    "DELETE_RECORDS",
    "DELETE_STREAMS",
    "FIND_RECORDS",
    "FIND_STREAMS",
    "PUT_ENTRIES",
    "PUT_FACTS",
    "PUT_GARBAGE",
    "PUT_RECORDS",
    "PUT_STREAMS",
    "SIZES",
    "ManyRows",
]
