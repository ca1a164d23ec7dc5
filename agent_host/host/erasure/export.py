"""Everything of one person, as JSON: what the store, the runner and the file store have."""

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any, Final, cast

import orjson

from agent_host.host.erasure.subject import Subjects, owners_of
from agent_host.host.erasure.task import tasks_of
from agent_host.protocols.file_store import FileStore
from agent_host.protocols.scrub import ScrubbingStore
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import TaskRunner
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.personal import Holding, KnownPerson
from agent_host.types.store import HOLE, Key, StreamEntry

VERSION: Final = 1
_PAGE: Final = 100
_ENVELOPE: Final = frozenset({"v", "k", "d"})


class Export:
    """Nothing is left out because it could not be read: what is no JSON is given as base64."""

    def __init__(
        self, *, store: StateStore, runner: TaskRunner, files: FileStore, subjects: Subjects
    ) -> None:
        self._store = store
        self._runner = runner
        self._files = files
        self._subjects = subjects

    async def of(self, person: KnownPerson) -> AsyncIterator[JsonObject]:
        """The first line says of whom, the last how many were between."""
        yield {
            "type": "person",
            "version": VERSION,
            "tenant": person.owner.tenant,
            "partitions": [*person.partitions],
        }
        count = 0
        async for line in self._lines(person):
            yield line
            count += 1
        yield {"type": "end", "lines": count}

    async def _lines(self, person: KnownPerson) -> AsyncIterator[JsonObject]:
        async for held in self._subjects.holdings(person):
            reading = self._stream(held.key) if held.is_stream else self._record(held)
            async for line in reading:
                yield line
        identities = [known.identity for known in person.identities]
        async for task in tasks_of(self._runner, owners_of(person), identities):
            yield {
                "type": "task",
                "id": task.id,
                "kind": task.spec.kind,
                "status": task.status.value,
                "created_at": task.created_at.isoformat(),
                "value": _value(task.spec.payload),
            }
        async for line in self._set_aside(person):
            yield line
        async for line in self._held_files(person):
            yield line

    async def _record(self, held: Holding) -> AsyncIterator[JsonObject]:
        record = await self._store.get(held.key)
        if record is not None:
            yield {"type": "record", **_place(held.key), "value": _value(record.value)}

    async def _stream(self, key: Key) -> AsyncIterator[JsonObject]:
        start = 0
        while (found := await self._store.read(key, start=start, limit=_PAGE)).entries:
            for position, entry in enumerate(found.entries, found.first):
                if entry == HOLE:
                    continue  # see `_set_aside`
                yield {
                    "type": "entry",
                    **_place(key),
                    "position": position,
                    "value": _value(entry),
                }
            start = found.first + len(found.entries)

    async def _set_aside(self, person: KnownPerson) -> AsyncIterator[JsonObject]:
        if not isinstance(self._store, ScrubbingStore):
            return
        for owner in owners_of(person):
            for found in await self._store.unreadable(owner):
                position = found.position if isinstance(found, StreamEntry) else None
                yield {
                    "type": "unreadable",
                    **_place(found[0]),
                    "position": position,
                    "value": _value(found.value),
                }

    async def _held_files(self, person: KnownPerson) -> AsyncIterator[JsonObject]:
        for owner in owners_of(person):
            after: str | None = None
            while ids := await self._files.ids(owner, after=after, limit=_PAGE):
                after = ids[-1]
                for file_id in ids:
                    content = await self._files.get(owner, file_id)
                    if content is not None:
                        yield {
                            "type": "file",
                            "id": file_id,
                            "name": content.name,
                            "media_type": content.media_type,
                            "data": b64encode(content.data).decode("ascii"),
                        }


def _place(key: Key) -> JsonObject:
    return {"collection": key.collection, "id": key.id}


def _value(value: bytes) -> JsonValue:
    """What a stored envelope holds; text as text; base64 of anything else."""
    try:
        found: Any = orjson.loads(value)
    except ValueError:
        try:
            return value.decode()
        except UnicodeDecodeError:
            return {"base64": b64encode(value).decode("ascii")}
    is_envelope = isinstance(found, dict) and found.keys() == _ENVELOPE
    return cast("JsonValue", found["d"] if is_envelope else found)


__all__ = ["VERSION", "Export"]
