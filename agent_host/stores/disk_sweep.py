"""Clearing away what has ended from the disk store, a little at a time."""

from sqlite3 import Connection
from typing import Final

from agent_host.stores.disk_entry import place_of
from agent_host.stores.disk_statement import DELETE_STREAMS, PUT_GARBAGE

_RECORDS: Final = 200
_STREAMS: Final = 50
_ENTRIES: Final = 500


def sweep(connection: Connection, now: int) -> int:
    """Remove a bounded number of rows that nobody can read any more; how many."""
    records, streams, aside, garbage = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM records WHERE expires_at <= ?1),"
        " EXISTS (SELECT 1 FROM streams WHERE expires_at <= ?1),"
        " EXISTS (SELECT 1 FROM quarantine WHERE expires_at <= ?1),"
        " (SELECT min(stream) FROM garbage)",
        (now,),
    ).fetchone()
    if not (records or streams or aside or garbage):
        return 0
    count = 0
    connection.execute("BEGIN IMMEDIATE")
    if records:
        count += connection.execute(
            "DELETE FROM records WHERE number IN"
            " (SELECT number FROM records WHERE expires_at <= ? LIMIT ?)",
            (now, _RECORDS),
        ).rowcount
    if streams:
        ended = connection.execute(
            "SELECT collection, partition, id, number FROM streams WHERE expires_at <= ? LIMIT ?",
            (now, _STREAMS),
        ).fetchall()
        PUT_GARBAGE.write(connection, [row[3:] for row in ended])
        DELETE_STREAMS.write(connection, [row[:3] for row in ended])
        count += len(ended)
    if aside:
        count += connection.execute(
            "DELETE FROM quarantine WHERE number IN"
            " (SELECT number FROM quarantine WHERE expires_at <= ? LIMIT ?)",
            (now, _RECORDS),
        ).rowcount
    if garbage:
        entries = connection.execute(
            "DELETE FROM entries WHERE place IN"
            " (SELECT place FROM entries WHERE place >= ? AND place < ? LIMIT ?)",
            (place_of(garbage, 0), place_of(garbage + 1, 0), _ENTRIES),
        ).rowcount
        count += entries
        if entries < _ENTRIES:
            count += 1
            connection.execute("DELETE FROM garbage WHERE stream = ?", (garbage,))
            count += connection.execute(
                "DELETE FROM quarantine WHERE place >= ? AND place < ?",
                (place_of(garbage, 0), place_of(garbage + 1, 0)),
            ).rowcount
    connection.execute("COMMIT")
    return count


__all__ = ["sweep"]
