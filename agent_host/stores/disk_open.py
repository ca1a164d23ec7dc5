"""Opening the disk store's database: its schema, its time, its fences, and whether it is whole."""

from pathlib import Path
from sqlite3 import Connection, DatabaseError
from typing import Final, NamedTuple

from agent_host.protocols.clock import Clock
from agent_host.stores.disk_entry import POSITION_BITS
from agent_host.stores.disk_error import is_damage
from agent_host.stores.disk_folder import prepare_database
from agent_host.stores.disk_salvage import damage_marker, salvage
from agent_host.stores.disk_schema import PAGE_BYTES, connect, prepare
from agent_host.stores.disk_statement import PUT_FACTS
from agent_host.stores.disk_time import Anchor, StoreTime

CHECKED_BYTES: Final = 16 * 1024 * 1024
"""A database up to this size is checked whenever it is opened, which takes some milliseconds.
A larger one is when damage was met, and when an operator asks.
"""

_FENCES_PER_OPENING: Final = 1 << 32


class Opened(NamedTuple):
    """A database that is ready. `next_number` is the first unused number of a stream."""

    path: Path
    connection: Connection
    time: StoreTime
    first_fence: int
    next_number: int


def open_database(folder: Path, *, clock: Clock, limit_bytes: int | None) -> Opened:
    """Open the folder's database for writing, made if need be, its damaged part set aside.

    Raises:
        ConfigurationError: it is another program's, or of a newer release.
        sqlite3.Error: the disk does not do what it should.
    """
    path = prepare_database(folder)
    try:
        connection = _connect(path)
    except DatabaseError as error:
        if not is_damage(error):
            raise
        salvage(folder, clock.now())
        connection = _connect(path)
    try:
        if limit_bytes is not None:
            connection.execute(f"PRAGMA max_page_count = {max(1, limit_bytes // PAGE_BYTES)}")
        return _opened(path, connection, clock)
    except BaseException:
        connection.close()
        raise


def _connect(path: Path) -> Connection:
    """A connection to a database that is whole, as far as was looked."""
    connection = connect(path)
    try:
        prepare(connection)
        marker = damage_marker(path.parent)
        if marker.exists() or path.stat().st_size <= CHECKED_BYTES:
            _check_pages(connection)
            marker.unlink(missing_ok=True)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_pages(connection: Connection) -> None:
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise _DamagedPageError


class _DamagedPageError(DatabaseError):
    """What `quick_check` found, as SQLite would have reported it."""

    sqlite_errorcode = 11  # SQLITE_CORRUPT


def _opened(path: Path, connection: Connection, clock: Clock) -> Opened:
    facts: dict[str, int] = dict(connection.execute("SELECT name, value FROM facts"))
    anchor = None
    if "store_time" in facts and "calendar" in facts:
        anchor = Anchor(facts["store_time"], facts["calendar"])
    time = StoreTime(clock, anchor)
    opening = facts.get("opening", 0) + 1
    (number,) = connection.execute(
        "SELECT max(coalesce((SELECT max(place) FROM entries) >> ?1, 0),"
        " coalesce((SELECT max(number) FROM streams), 0),"
        " coalesce((SELECT max(stream) FROM garbage), 0),"
        " coalesce((SELECT max(place) FROM quarantine) >> ?1, 0))",
        (POSITION_BITS,),
    ).fetchone()
    now = time.now()
    noted = time.due_anchor(now) or Anchor(now, now)
    connection.execute("BEGIN IMMEDIATE")
    PUT_FACTS.write(connection, [("opening", opening), *anchor_rows(noted)])
    connection.execute("COMMIT")
    time.note(noted)
    return Opened(path, connection, time, opening * _FENCES_PER_OPENING + 1, number + 1)


def anchor_rows(anchor: Anchor) -> list[tuple[str, int]]:
    """The anchor as facts."""
    return [("store_time", anchor.store), ("calendar", anchor.calendar)]


__all__ = ["CHECKED_BYTES", "Opened", "anchor_rows", "open_database"]
