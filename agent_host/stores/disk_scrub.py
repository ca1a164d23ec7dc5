"""Writes the disk store's file anew, so that nothing is left in it of what was deleted.

SQLite reuses the room of deleted rows and does not clear it, and its log keeps former versions of
pages until it is cut off; so a delete alone leaves text in the file for a long while.
"""

import sqlite3
from sqlite3 import Connection
from typing import Final

from agent_host.stores.disk_quarantine import find_quarantined
from agent_host.stores.disk_sweep import sweep
from agent_host.types.principal import Owner
from agent_host.types.store import Record, StreamEntry

# The values are looked into as well, as not every record's place says whose it is.
_OWNED: Final = "instr(partition, ?1) OR instr(value, CAST(?2 AS BLOB))"


def find_unreadable(connection: Connection, owner: Owner) -> list[Record | StreamEntry]:
    """What was set aside of this owner, oldest first."""
    rows = connection.execute(
        f"SELECT number FROM quarantine WHERE {_OWNED} ORDER BY number",  # noqa: S608 - a constant
        (owner.partition, owner.isolation_key),
    ).fetchall()
    found = [find_quarantined(connection, number) for (number,) in rows]
    return [one for one in found if one is not None]


def drop_unreadable(connection: Connection, owner: Owner) -> int:
    """Forget what was set aside of this owner; how much."""
    return connection.execute(
        f"DELETE FROM quarantine WHERE {_OWNED}",  # noqa: S608 - a constant
        (owner.partition, owner.isolation_key),
    ).rowcount


def scrub(connection: Connection, *, now: int) -> None:
    """Clear away what has ended, and write the file anew; in the writing thread.

    Raises:
        sqlite3.Error: the disk is full, or a reader holds the log for longer than it should.
    """
    while sweep(connection, now):
        pass
    connection.execute("VACUUM")
    (busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        message = "the log is in use"
        raise sqlite3.OperationalError(message)


__all__ = ["drop_unreadable", "find_unreadable", "scrub"]
