"""A thread that moves the disk store's write-ahead log into the database while commits go on.

Most of the work is done here, beside the writer. The log can only begin anew once all of it was
moved, so when this is done the writer moves the little that came meanwhile itself.
"""

import logging
import sqlite3
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Final

from agent_host.stores.disk_schema import connect

logger = logging.getLogger(__name__)

MERGE: Final = "PRAGMA wal_checkpoint(PASSIVE)"
"""Moves what no reader needs any more; waits for nobody, and nobody waits for it."""


class Merger:
    """Started with the writer and used by its thread alone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._asked: SimpleQueue[bool] = SimpleQueue()
        self._busy = False
        self._done = False
        self._thread = Thread(target=self._run, name="agent-host-store-merger", daemon=True)
        self._thread.start()

    def ask(self) -> None:
        """Have the log moved, unless that is going on."""
        if not self._busy:
            self._busy = True
            self._asked.put(True)  # noqa: FBT003 - it says whether to go on

    def take_done(self) -> bool:
        """Whether it was moved since this was asked last."""
        done, self._done = self._done, False
        return done

    def close(self) -> None:
        """End the thread."""
        self._asked.put(False)  # noqa: FBT003
        self._thread.join()

    def _run(self) -> None:
        try:
            connection = connect(self._path)
        except sqlite3.Error as error:  # the writer moves all of it itself then, when it is idle
            logger.warning("the store's log cannot be merged: %s", error.sqlite_errorname)
            return
        while self._asked.get():
            try:
                connection.execute(MERGE).fetchall()
            except sqlite3.Error as error:
                logger.warning("the store's log was not merged: %s", error.sqlite_errorname)
            self._done = True
            self._busy = False
        connection.close()


__all__ = ["MERGE", "Merger"]
