"""What becomes of a damaged database: it is set aside whole, and what can be read is carried over.

Nothing is ever deleted. SQLite stops at the first page it cannot follow, so each table is read from
both ends towards the damage.
"""

import logging
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from agent_host.stores.disk_entry import POSITION_BITS, POSITION_LIMIT
from agent_host.stores.disk_folder import COMPANIONS, DATABASE, QUARANTINE, prepare_database
from agent_host.stores.disk_schema import connect, prepare

logger = logging.getLogger(__name__)

_MARKER: Final = "damaged"
_BATCH_ROWS: Final = 500


class _Table(NamedTuple):
    """`columns` are read, in the order of their pages; `targets` are what they are called now."""

    name: str
    columns: str
    order: tuple[str, ...]
    targets: str = ""


_KEYED: Final = ("collection", "partition", "id")
_SMALL_TABLES: Final = (
    _Table("garbage", "stream", ("stream",)),
    _Table("facts", "name, value", ("name",)),
)

_NUMBERED_TABLES: Final = (
    _Table("records", "collection, partition, id, version, expires_at, value", ("number",)),
    _Table("streams", "number, collection, partition, id, length, expires_at", ("number",)),
    _Table("entries", "place, entry", ("place",)),
)
_ASIDE: Final = "number, collection, partition, id, version, value, code, since, expires_at"

_TABLES: Final = (
    *_NUMBERED_TABLES,
    _Table("quarantine", f"{_ASIDE}, place", ("number",)),
    *_SMALL_TABLES,
)

_SECOND_TABLES: Final = (
    *_NUMBERED_TABLES,
    _Table("quarantine", _ASIDE, ("number",)),
    *_SMALL_TABLES,
)

_FIRST_TABLES: Final = (
    _Table("records", "collection, partition, id, version, expires_at, value", _KEYED),
    _Table("streams", "number, collection, partition, id, length, expires_at", _KEYED),
    _Table(
        "entries",
        f"stream << {POSITION_BITS} | position, entry",
        ("stream", "position"),
        "place, entry",
    ),
    _Table(
        "quarantine", "number, collection, partition, id, version, value, code, since", ("number",)
    ),
    *_SMALL_TABLES,
)

_OLDER_TABLES: Final = MappingProxyType({1: _FIRST_TABLES, 2: _SECOND_TABLES})
"""As they were in each version: a database may be damaged before it was brought up to date."""

# A stream must have all its entries, or its length says what is not so. It is cut where the first
# is missing; what is behind is in the file that was set aside.
_MEND: Final = (
    f"""UPDATE streams SET length = coalesce((
        SELECT min(e.place) + 1 - (streams.number << {POSITION_BITS}) FROM entries e
        WHERE e.place >= streams.number << {POSITION_BITS}
        AND e.place < (streams.number + 1) << {POSITION_BITS}
        AND NOT EXISTS (SELECT 1 FROM entries n WHERE n.place = e.place + 1)
        AND EXISTS (SELECT 1 FROM entries z WHERE z.place = streams.number << {POSITION_BITS})
    ), 0)""",  # noqa: S608 - of constants
    "DELETE FROM streams WHERE length = 0",
    f"""DELETE FROM entries WHERE place >> {POSITION_BITS} NOT IN (SELECT number FROM streams)
        OR (place & {POSITION_LIMIT - 1}) >=
            (SELECT length FROM streams WHERE number = place >> {POSITION_BITS})""",  # noqa: S608
    "DELETE FROM garbage",
)


def damage_marker(folder: Path) -> Path:
    """The file whose presence asks for a thorough check when the store is opened next."""
    return folder / _MARKER


def salvage(folder: Path, now: datetime) -> Path:
    """Set the database aside and make a new one of what can be read. Returns where the old one is.

    The new database is finished before it takes the old one's place, so a crash in between is
    like one before.
    """
    aside = _place(folder / QUARANTINE, now)
    fresh = folder / f"{DATABASE}.new"
    for path in (fresh, *(Path(f"{fresh}{suffix}") for suffix in COMPANIONS)):
        path.unlink(missing_ok=True)
    counts = _copy(folder / DATABASE, fresh)
    for suffix in ("", *COMPANIONS):
        path = Path(f"{folder / DATABASE}{suffix}")
        if path.exists():
            path.rename(aside / path.name)
    fresh.rename(folder / DATABASE)
    prepare_database(folder)
    damage_marker(folder).unlink(missing_ok=True)
    logger.error(
        "the store's database was damaged; it was moved to %s, and what could be read was kept: "
        "%d records, %d streams, %d entries",
        aside,
        counts["records"],
        counts["streams"],
        counts["entries"],
    )
    return aside


def _place(root: Path, now: datetime) -> Path:
    root.mkdir(mode=0o700, exist_ok=True)
    stem = now.strftime("%Y%m%dT%H%M%SZ")
    number = 1
    while (path := root / f"{stem}-{number}").exists():
        number += 1
    path.mkdir(mode=0o700)
    return path


def _copy(source: Path, target: Path) -> dict[str, int]:
    target.touch(mode=0o600)
    new = connect(target)
    counts = dict.fromkeys((table.name for table in _TABLES), 0)
    try:
        prepare(new)
        try:
            old = connect(source)
        except sqlite3.DatabaseError:
            return counts
        try:
            new.execute("BEGIN IMMEDIATE")
            for table in _tables_of(old):
                counts[table.name] = _copy_table(old, new, table)
            for statement in _MEND:
                new.execute(statement)
            new.execute("COMMIT")
        finally:
            old.close()
        (counts["entries"],) = new.execute("SELECT count(*) FROM entries").fetchone()
        (counts["streams"],) = new.execute("SELECT count(*) FROM streams").fetchone()
    finally:
        new.close()
    return counts


def _tables_of(old: sqlite3.Connection) -> tuple[_Table, ...]:
    try:
        (version,) = old.execute("PRAGMA user_version").fetchone()
    except sqlite3.DatabaseError:
        return _TABLES
    return _OLDER_TABLES.get(version, _TABLES)


def _copy_table(old: sqlite3.Connection, new: sqlite3.Connection, table: _Table) -> int:
    slots = ",".join("?" * len(table.columns.split(",")))
    targets = table.targets or table.columns
    text = f"INSERT OR IGNORE INTO {table.name} ({targets}) VALUES ({slots})"  # noqa: S608
    count = 0
    for direction in ("ASC", "DESC"):
        whole = True
        for rows in _batches(old, table, direction):
            if rows is None:
                whole = False
                break
            try:
                count += new.executemany(text, rows).rowcount
            except sqlite3.IntegrityError:  # a row whose page was overwritten: try one by one
                count += sum(_insert(new, text, row) for row in rows)
        if whole:
            break
    return count


def _insert(new: sqlite3.Connection, text: str, row: tuple[Any, ...]) -> int:
    try:
        return new.execute(text, row).rowcount
    except sqlite3.IntegrityError:
        return 0


def _batches(
    old: sqlite3.Connection, table: _Table, direction: str
) -> Iterator[list[tuple[Any, ...]] | None]:
    """Rows in one direction; None at last if something could not be read."""
    order = ", ".join(f"{column} {direction}" for column in table.order)
    text = f"SELECT {table.columns} FROM {table.name} ORDER BY {order}"  # noqa: S608
    rows: list[tuple[Any, ...]] = []
    try:
        cursor = old.execute(text)
        while row := cursor.fetchone():
            rows.append(row)
            if len(rows) == _BATCH_ROWS:
                yield rows
                rows = []
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        yield rows
        yield None
        return
    yield rows


__all__ = ["damage_marker", "salvage"]
