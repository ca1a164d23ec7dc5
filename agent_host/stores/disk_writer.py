"""The disk store's one writing thread: everything that waits goes to disk in one transaction.

A group's commits are taken one by one, each whole or refused; one `fsync` makes them durable
together; then the event loop hears of all of them at once. Between groups the thread does other
jobs, and when nothing waits it clears away what has ended and moves the write-ahead log into the
database.
"""

import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf
from pathlib import Path
from queue import Empty
from sqlite3 import Connection
from threading import Thread
from time import monotonic
from typing import Any, Final, cast

from agent_host.errors import (
    ConflictError,
    HostError,
    StoreError,
    StoreFullError,
    StoreUnavailableError,
)
from agent_host.protocols.clock import Clock
from agent_host.stores.disk_cache import Cache
from agent_host.stores.disk_error import concerns_one, is_damage, to_store_error
from agent_host.stores.disk_group import Group
from agent_host.stores.disk_merger import MERGE, Merger
from agent_host.stores.disk_open import Opened, anchor_rows, open_database
from agent_host.stores.disk_request import AnyRequest, Commit, Job, Outbox
from agent_host.stores.disk_salvage import damage_marker
from agent_host.stores.disk_statement import PUT_FACTS
from agent_host.stores.disk_sweep import sweep
from agent_host.stores.disk_time import StoreTime

logger = logging.getLogger(__name__)

_GROUP_COMMITS: Final = 512
_IDLE_SECONDS: Final = 0.5
_SWEEP_SECONDS: Final = 1.0
"""A store that is never idle clears away a little of what has ended this often."""

_FILE_SECONDS: Final = 0.25
"""How often it is asked whether the file is still there. Not at every group: a look lets go of the
interpreter's lock, which a busy event loop is slow to give back.
"""

_CHECKPOINT_ROWS: Final = 16_384


class Writer:
    """Owns the writing connection. `settle` is called on the loop with what was done."""

    def __init__(
        self, outbox: Outbox, cache: Cache, settle: Callable[[Sequence[AnyRequest]], None]
    ) -> None:
        self._outbox = outbox
        self._cache = cache
        self._settle = settle
        self._backlog: deque[AnyRequest] = deque()
        self._hand: Sequence[AnyRequest] = ()
        self._farewell: Job[None] | None = None
        self._leaving = False
        self._next_number = 1
        self._unmerged_rows = 0
        self._swept_at = 0.0
        self._file_due_at = 0.0
        self._folder = self._file = Path()
        self._inode = 0
        self._time: StoreTime
        self._thread: Thread | None = None
        self.committed_at = -inf
        """When a transaction reached the disk last, by the machine's monotonic clock."""

    async def open(self, folder: Path, *, clock: Clock, limit_bytes: int | None) -> Opened:
        """Start the thread; what it found.

        Raises:
            ConfigurationError: the database is another program's, or of a newer release.
            StoreError: the disk does not do what it should.
        """
        opening: Job[Opened] = Job(
            self._outbox.loop,
            lambda _: open_database(folder, clock=clock, limit_bytes=limit_bytes),
        )
        self._folder = folder
        self._thread = Thread(
            target=self._run, args=(opening,), name="agent-host-store", daemon=True
        )
        self._thread.start()
        return await opening.finished()

    def probe(self, connection: Connection) -> bool:
        """A job: write something and have it reach the disk."""
        time = self._time
        self._check_file()
        connection.execute("BEGIN IMMEDIATE")
        PUT_FACTS.write(connection, [("probed", time.now())])
        connection.execute("COMMIT")
        self.committed_at = monotonic()
        return True

    def _check_file(self) -> None:
        """SQLite goes on writing to a file that was deleted, which nobody finds again."""
        try:
            found = self._file.stat().st_ino
        except OSError:
            found = None
        if found != self._inode:
            message = "The store's file was removed while it was open (store). Restart the host."
            raise StoreUnavailableError(message)
        self._file_due_at = monotonic() + _FILE_SECONDS

    async def close(self) -> None:
        """Finish what was asked for, and end the thread."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        farewell: Job[None] = Job(self._outbox.loop, _nothing)
        self._farewell = farewell
        self._outbox.flush()
        self._outbox.queue.put(None)
        if thread.is_alive():
            await farewell.finished()
        thread.join()

    def _run(self, opening: Job[Opened]) -> None:
        try:
            opened = opening.work(_UNOPENED)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller of `open` gets it
            opening.error = error if isinstance(error, HostError) else to_store_error(error)
            self._outbox.answer(self._settle, [opening])
            self._refuse_all()
        else:
            opening.outcome = opened
            self._time = opened.time
            self._file = opened.path
            self._inode = opened.path.stat().st_ino
            self._next_number = opened.next_number
            self._outbox.answer(self._settle, [opening])
            merger = Merger(opened.path)
            try:
                self._serve(opened.connection, merger)
            except Exception:
                logger.exception("the store's writing thread met an error of its own")
                self._refuse_all()
            finally:
                merger.close()
                opened.connection.close()
        if self._farewell is not None:
            self._outbox.answer(self._settle, [self._farewell])

    def _serve(self, connection: Connection, merger: Merger) -> None:
        while self._receive(_IDLE_SECONDS):
            if not self._backlog:
                self._tidy(connection)
            while self._backlog:
                self._work(connection)
                self._receive(0)
                if monotonic() - self._swept_at > _SWEEP_SECONDS:
                    self._sweep(connection)
                if self._unmerged_rows > _CHECKPOINT_ROWS:
                    self._unmerged_rows = 1
                    merger.ask()
                if merger.take_done():
                    self._checkpoint(connection)
        self._checkpoint(connection)

    def _receive(self, seconds: float) -> bool:
        """Take over all that was sent, waiting for the first of it; whether more may come."""
        queue = self._outbox.queue
        try:
            batch = queue.get(timeout=seconds) if seconds else queue.get_nowait()
            while True:
                if batch is None:
                    self._leaving = True
                else:
                    self._backlog += batch
                batch = queue.get_nowait()
        except Empty:
            return bool(self._backlog) or not self._leaving

    def _work(self, connection: Connection) -> None:
        """Do what waits longest: a job, or a group of commits."""
        backlog = self._backlog
        first = backlog.popleft()
        if isinstance(first, Job):
            self._hand = [first]
            self._do(connection, first)
        else:
            commits = [first]
            while backlog and len(commits) < _GROUP_COMMITS and isinstance(backlog[0], Commit):
                commits.append(cast("Commit", backlog.popleft()))
            self._hand = commits
            self._commit(connection, commits)
        self._outbox.answer(self._settle, self._hand)
        self._hand = ()

    def _do(self, connection: Connection, job: Job[Any]) -> None:
        try:
            job.outcome = job.work(connection)
        except Exception as error:  # noqa: BLE001 - the caller gets it
            job.error = self._failure(connection, error)

    def _commit(self, connection: Connection, commits: Sequence[Commit]) -> None:
        try:
            self._commit_group(connection, commits)
        except Exception as error:  # noqa: BLE001 - the callers get it
            failure = self._failure(connection, error)
            if len(commits) > 1 and concerns_one(error):
                for commit in commits:
                    self._commit(connection, [commit])
                return
            for commit in commits:
                commit.error = failure

    def _commit_group(self, connection: Connection, commits: Sequence[Commit]) -> None:
        try:
            self._commit_taken(connection, commits, trusting=True)
        except sqlite3.IntegrityError:  # something is there that was expected to be new
            connection.execute("ROLLBACK")
            self._commit_taken(connection, commits, trusting=False)

    def _commit_taken(
        self, connection: Connection, commits: Sequence[Commit], *, trusting: bool
    ) -> None:
        time = self._time
        now = time.now()
        group = Group(self._cache, now=now, next_number=self._next_number, trusting=trusting)
        group.look_up(connection, commits)
        for commit in commits:
            commit.error = None
            try:
                group.take(commit)
            except (ConflictError, StoreFullError) as error:
                commit.error = error
        rows = group.row_count
        if not rows:
            return
        anchor = time.due_anchor(now)
        if monotonic() >= self._file_due_at:
            self._check_file()
        connection.execute("BEGIN IMMEDIATE")
        group.write(connection)
        if anchor is not None:
            PUT_FACTS.write(connection, anchor_rows(anchor))
        with self._cache.changing(group.records, group.streams):
            connection.execute("COMMIT")
        self._next_number = group.next_number
        self._unmerged_rows += rows
        self.committed_at = monotonic()
        if anchor is not None:
            time.note(anchor)

    def _tidy(self, connection: Connection) -> None:
        """Nothing waits: clear away what has ended until something does, then merge the log."""
        while self._sweep(connection) and self._outbox.queue.empty():
            pass
        if self._unmerged_rows and self._outbox.queue.empty():
            self._checkpoint(connection)

    def _sweep(self, connection: Connection) -> int:
        self._swept_at = monotonic()
        try:
            count = sweep(connection, self._time.now())
        except sqlite3.Error as error:
            self._failure(connection, error)
            return 0
        self._unmerged_rows += count
        return count

    def _checkpoint(self, connection: Connection) -> None:
        """Move the log into the database as far as no reader needs it."""
        self._unmerged_rows = 0
        try:
            connection.execute(MERGE).fetchall()
        except sqlite3.Error as error:
            self._failure(connection, error)

    def _failure(self, connection: Connection, error: Exception) -> StoreError:
        """Undo the transaction that failed. What to tell the callers."""
        with suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        if is_damage(error):
            with suppress(OSError):
                damage_marker(self._folder).touch(mode=0o600)
        failure = to_store_error(error)
        if not isinstance(error, StoreError):
            name = getattr(error, "sqlite_errorname", type(error).__name__)
            logger.error("the store could not write: %s (%s)", failure.code, name)
        return failure

    def _refuse_all(self) -> None:
        """Answer everything with a refusal until the store is closed."""
        error = StoreUnavailableError("The store stopped working; see the log, and restart.")
        while True:
            refused = [*self._hand, *self._backlog]
            for request in refused:
                request.error = error
            self._outbox.answer(self._settle, refused)
            self._hand = ()
            self._backlog.clear()
            if self._leaving:
                return
            self._receive(_IDLE_SECONDS)


def _nothing(_: Connection) -> None:
    return None


_UNOPENED: Final = cast("Connection", None)  # opening is the one job without a connection

__all__ = ["Writer"]
