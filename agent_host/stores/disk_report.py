"""What there is in a disk store's folder, for `doctor` and operators: counts and codes, no content.

Reads beside a running server, without the folder's lock, and changes nothing.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from agent_host.errors import StoreUnavailableError
from agent_host.stores.disk_error import is_damage, to_store_error
from agent_host.stores.disk_folder import DATABASE, QUARANTINE
from agent_host.stores.disk_schema import APPLICATION_ID, MIGRATIONS, connect

_PROBLEMS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreReport:
    """A look into the folder. `problems` are SQLite's own words about damaged pages; an intact
    database has none. `quarantined` counts, by collection, what could not be made sense of;
    `set_aside` damaged databases in the folder's `quarantine`.
    """

    folder: Path
    size_bytes: int
    log_bytes: int
    schema_version: int
    newest_schema_version: int
    records: Mapping[str, int]
    streams: int
    entries: int
    ended: int
    quarantined: Mapping[str, int]
    set_aside: int
    problems: tuple[str, ...]


def read_report(folder: Path, *, thorough: bool = True) -> StoreReport:
    """Look into the folder. With `thorough` every page is checked, which reads the whole file.

    Raises:
        StoreUnavailableError: there is no database, it cannot be read, or it is another program's.
    """
    path = folder / DATABASE
    if not path.is_file():
        raise StoreUnavailableError(f"There is no store in {folder}: {DATABASE} is missing.")
    try:
        connection = connect(path, read_only=True)
        try:
            return _report(connection, folder, thorough=thorough)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise to_store_error(error) from error


def _report(connection: sqlite3.Connection, folder: Path, *, thorough: bool) -> StoreReport:
    path = folder / DATABASE
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise StoreUnavailableError(f"{path} is another program's database.")
    problems = _problems(connection) if thorough else ()
    try:
        records, quarantined, counts = _counted(connection)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        records, quarantined, counts = {}, {}, (0, 0, 0)
        problems += ("damaged pages keep the contents from being counted",)
    streams, entries, ended = counts
    log = Path(f"{path}-wal")
    aside = folder / QUARANTINE
    return StoreReport(
        folder=folder,
        size_bytes=path.stat().st_size,
        log_bytes=log.stat().st_size if log.exists() else 0,
        schema_version=version,
        newest_schema_version=len(MIGRATIONS),
        records=MappingProxyType(records),
        streams=streams,
        entries=entries,
        ended=ended,
        quarantined=MappingProxyType(quarantined),
        set_aside=sum(1 for _ in aside.iterdir()) if aside.is_dir() else 0,
        problems=problems,
    )


def _problems(connection: sqlite3.Connection) -> tuple[str, ...]:
    try:
        found = connection.execute(f"PRAGMA quick_check({_PROBLEMS})").fetchall()
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        return (str(error),)
    return tuple(text for (text,) in found if text != "ok")


def _counted(
    connection: sqlite3.Connection,
) -> tuple[dict[str, int], dict[str, int], tuple[int, ...]]:
    connection.execute("BEGIN")  # one moment for all the counts
    records: dict[str, int] = dict(
        connection.execute("SELECT collection, count(*) FROM records GROUP BY collection")
    )
    quarantined: dict[str, int] = dict(
        connection.execute("SELECT collection, count(*) FROM quarantine GROUP BY collection")
    )
    counts = connection.execute(
        "SELECT (SELECT count(*) FROM streams), (SELECT count(*) FROM entries),"
        " (SELECT count(*) FROM garbage)"
    ).fetchone()
    connection.execute("ROLLBACK")
    return records, quarantined, counts


__all__ = ["StoreReport", "read_report"]
