"""What durable tasks are measured against: a plain journal in a `diskcache.Cache`.

Each task is a JSON text under its id, written when it is scheduled, when it is begun, and deleted
when it is done. No retries, keys, lanes, dead letters or bounds; nothing is synced to disk.
"""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, cast

from diskcache import Cache  # type: ignore[import-untyped]

_SIZE_LIMIT_BYTES = 4 * 1024**3


class _Texts(Protocol):
    """What is used of a `Cache`, which has no types of its own."""

    def set(self, key: str, value: str) -> object: ...

    def get(self, key: str) -> object: ...

    def delete(self, key: str) -> object: ...

    def iterkeys(self) -> Iterable[str]: ...

    def close(self) -> None: ...


class TaskJournal:
    """A task for each that was scheduled, started at once."""

    def __init__(self, folder: Path, handler: Callable[[str], Awaitable[None]]) -> None:
        self._handler = handler
        self._cache = cast("_Texts", Cache(str(folder), size_limit=_SIZE_LIMIT_BYTES))
        self._group = asyncio.TaskGroup()
        self.running = False

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._group.__aexit__(exc_type, exc_value, traceback)
        self._cache.close()

    async def schedule(self, payload: str) -> str:
        """Write it down, and start it if tasks are being done."""
        task_id = uuid.uuid4().hex
        self._cache.set(task_id, json.dumps({"payload": payload, "status": "scheduled"}))
        if self.running:
            self._group.create_task(self._do(task_id, payload))
        else:
            await asyncio.sleep(0)
        return task_id

    def resume(self) -> None:
        """Start all that was left."""
        self.running = True
        for task_id in list(self._cache.iterkeys()):
            record = json.loads(str(self._cache.get(task_id)))
            self._group.create_task(self._do(task_id, record["payload"]))

    async def _do(self, task_id: str, payload: str) -> None:
        self._cache.set(task_id, json.dumps({"payload": payload, "status": "attempting"}))
        await self._handler(payload)
        self._cache.delete(task_id)


__all__ = ["TaskJournal"]
