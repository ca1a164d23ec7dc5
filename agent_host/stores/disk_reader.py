"""The disk store's reading threads: what the cache does not know, in batches, beside the writer."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from sqlite3 import Connection
from threading import Thread
from typing import Any, Final, TypeVar, cast

from agent_host.stores.disk_error import is_damage, to_store_error
from agent_host.stores.disk_request import AnyRequest, Job, Outbox
from agent_host.stores.disk_salvage import damage_marker
from agent_host.stores.disk_schema import connect

T = TypeVar("T")

_THREADS: Final = 2


class Readers:
    """Threads that share a queue, each with a connection of its own that cannot write."""

    def __init__(self, outbox: Outbox, settle: Callable[[Sequence[AnyRequest]], None]) -> None:
        self._outbox = outbox
        self._settle = settle
        self._threads: list[Thread] = []
        self._folder = Path()

    def open(self, path: Path) -> None:
        """Start the threads on this database."""
        self._folder = path.parent
        for number in range(_THREADS):
            connection = connect(path)
            connection.execute("PRAGMA query_only = ON")
            name = f"agent-host-store-reader-{number}"
            thread = Thread(target=self._run, args=(connection,), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """Finish what was asked for, and end the threads. Reads are short, so this waits."""
        self._outbox.flush()
        for _ in self._threads:
            self._outbox.queue.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    async def ask(self, work: Callable[[Connection], T]) -> T:
        """What the work finds."""
        job: Job[T] = Job(self._outbox.loop, work)
        self._outbox.put(job)
        return await job.future

    def _run(self, connection: Connection) -> None:
        while (batch := self._outbox.queue.get()) is not None:
            for job in batch:
                try:
                    job.outcome = cast("Job[Any]", job).work(connection)
                except Exception as error:  # noqa: BLE001 - the caller gets it
                    self._fail(job, error)
            self._outbox.answer(self._settle, batch)
        connection.close()

    def _fail(self, job: AnyRequest, error: Exception) -> None:
        if is_damage(error):
            with suppress(OSError):
                damage_marker(self._folder).touch(mode=0o600)
        job.error = to_store_error(error)


__all__ = ["Readers"]
