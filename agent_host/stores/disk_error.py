"""What SQLite reports, in the words of the `StateStore` seam. Texts carry no data and no SQL."""

import sqlite3
from typing import Final

from agent_host.errors import StoreError, StoreFullError, StoreUnavailableError

_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PRIMARY_MASK: Final = 0xFF


def primary_code(error: BaseException) -> int | None:
    """SQLite's primary result code, or None if the error is not of its making."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & _PRIMARY_MASK


def is_damage(error: BaseException) -> bool:
    """Whether the file itself is broken, so that no later call can do better."""
    return primary_code(error) in _DAMAGE


def concerns_one(error: BaseException) -> bool:
    """Whether it may be the fault of one commit among many: then each is tried by itself."""
    code = primary_code(error)
    return code is None or code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_TOOBIG}


def to_store_error(error: BaseException) -> StoreError:
    """The error as callers of the store get it."""
    if isinstance(error, StoreError):
        return error
    code = primary_code(error)
    if code == sqlite3.SQLITE_FULL:
        return StoreFullError(
            "The disk, or the store's limit_bytes, is full. Nothing of this was written; free some "
            "space and it goes on."
        )
    if code in _DAMAGE:
        return StoreUnavailableError(
            "The store's database is damaged. Restart the server: it sets the damaged file aside "
            "and keeps what can be read."
        )
    if code == sqlite3.SQLITE_READONLY:
        return StoreUnavailableError("The store's folder cannot be written to: it is read-only.")
    if code is not None:
        name: str = getattr(error, "sqlite_errorname", "")
        return StoreUnavailableError(f"The disk did not do what was asked of it ({name}).")
    return StoreError(f"The store cannot keep this ({type(error).__name__}).")


__all__ = ["concerns_one", "is_damage", "primary_code", "to_store_error"]
