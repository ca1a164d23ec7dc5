"""One namespace of a graph's thread, read from the records it is kept in.

What cannot be made sense of is set aside with all that needs it, so that nobody goes on from half a
checkpoint: with a checkpoint goes what was written behind it, with a channel's value every one that
has it, with one of a task's writes all of them. The thread then goes on from the checkpoint before,
or anew; such a task is run again.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, NamedTuple

from langgraph.checkpoint.base import writes_sort_key

from agent_host.adapters.langgraph_name import (
    LAST,
    checkpoint_name,
    task_part,
    value_name,
    writes_prefix,
)
from agent_host.adapters.langgraph_record import (
    EMPTY,
    VALUE_CODEC,
    WRITE_CODEC,
    CheckpointHead,
    StrictSerializer,
    read_head,
)
from agent_host.errors import UnreadableRecordError
from agent_host.types.checkpoint import Checkpoint as Kept
from agent_host.types.checkpoint import Checkpoints

_PAGE: Final = 200

_LOG: Final = logging.getLogger(__name__)

PendingWrite = tuple[str, str, Any]


class FoundCheckpoint(NamedTuple):
    """A checkpoint that could be read whole."""

    id: str
    head: CheckpointHead
    values: dict[str, Any]
    writes: list[PendingWrite]


class _Write(NamedTuple):
    order: tuple[str, str, int]
    pending: PendingWrite


class ThreadRecords:
    """Made for each reading."""

    def __init__(
        self,
        kept: Checkpoints,
        serializer: StrictSerializer,
        *,
        thread: str,
        namespace: str,
    ) -> None:
        self._kept = kept
        self._strict = serializer
        self._thread = thread
        self._namespace = namespace

    async def get(self, checkpoint_id: str) -> FoundCheckpoint | None:
        """The checkpoint with this id."""
        value = await self._kept.get(self._thread, self._name(checkpoint_id))
        return None if value is None else await self._read(checkpoint_id, value)

    async def newest_first(
        self, *, before: str | None = None, page: int = _PAGE
    ) -> AsyncIterator[FoundCheckpoint]:
        """Checkpoints, newest first, behind the one with the id `before`."""
        async for checkpoint_id, value in self._records(before=before, page=page):
            found = await self._read(checkpoint_id, value)
            if found is not None:
                yield found

    async def _records(
        self, *, before: str | None = None, page: int = _PAGE
    ) -> AsyncIterator[tuple[str, bytes]]:
        prefix = self._name("")
        after = prefix + (LAST if before is None else before)
        while True:
            found = await self._kept.list(self._thread, after=after, limit=page, newest_first=True)
            for name, value in found:
                if not name.startswith(prefix):
                    return
                yield name.removeprefix(prefix), value
            if len(found) < page:
                return
            after = found[-1].name

    async def _read(self, checkpoint_id: str, value: bytes) -> FoundCheckpoint | None:
        try:
            head = read_head(value, checkpoint_id, self._strict)
        except UnreadableRecordError as error:
            await self._set_aside([], [(checkpoint_id, value)], error)
            return None
        values: dict[str, Any] = {}
        for channel, version in head.checkpoint["channel_versions"].items():
            name = value_name(self._namespace, channel, str(version))
            record = await self._kept.get(self._thread, name)
            if record is None:
                continue
            try:
                held = VALUE_CODEC.decode(record)
                if held.form != EMPTY:
                    values[channel] = self._strict.read(held)
            except UnreadableRecordError as error:
                those = await self._with_value(channel, version)
                await self._set_aside([Kept(name, record)], those, error)
                return None
        writes = await self._writes(checkpoint_id)
        return FoundCheckpoint(checkpoint_id, head, values, writes)

    async def _with_value(self, channel: str, version: object) -> list[tuple[str, bytes]]:
        """The checkpoints that have this version of the channel."""
        found: list[tuple[str, bytes]] = []
        async for checkpoint_id, value in self._records():
            try:
                head = read_head(value, checkpoint_id, self._strict)
            except UnreadableRecordError:
                continue  # whoever wants it meets it
            if head.checkpoint["channel_versions"].get(channel) == version:
                found.append((checkpoint_id, value))
        return found

    async def _writes(self, checkpoint_id: str) -> list[PendingWrite]:
        tasks: dict[str, list[Kept]] = {}
        for record in await self._write_records(checkpoint_id):
            tasks.setdefault(task_part(record.name), []).append(record)
        found: list[_Write] = []
        for records in tasks.values():
            try:
                found += [self._read_write(record.value) for record in records]
            except UnreadableRecordError as error:
                await self._kept.set_aside(self._thread, records, error)
                _LOG.error("a task of a graph is run again: what it wrote cannot be read")
        return [write.pending for write in sorted(found, key=lambda write: write.order)]

    def _read_write(self, value: bytes) -> _Write:
        write = WRITE_CODEC.decode(value)
        order = writes_sort_key(write.task_path, write.task_id, write.index)
        return _Write(order, (write.task_id, write.channel, self._strict.read(write.value)))

    async def _write_records(self, checkpoint_id: str) -> list[Kept]:
        prefix = writes_prefix(self._namespace, checkpoint_id)
        after, found = prefix, list[Kept]()
        while True:
            page = await self._kept.list(self._thread, after=after, limit=_PAGE)
            mine = [record for record in page if record.name.startswith(prefix)]
            found += mine
            if len(mine) < _PAGE:
                return found
            after = page[-1].name

    async def _set_aside(
        self,
        damaged: Sequence[Kept],
        checkpoints: Sequence[tuple[str, bytes]],
        error: UnreadableRecordError,
    ) -> None:
        found = [*damaged]
        for checkpoint_id, value in checkpoints:
            found.append(Kept(self._name(checkpoint_id), value))
            found += await self._write_records(checkpoint_id)
        await self._kept.set_aside(self._thread, found, error)
        _LOG.error(
            "a graph's checkpoint cannot be read (%s): its thread goes on from the one before, "
            "or begins anew",
            error.code,
        )

    def _name(self, checkpoint_id: str) -> str:
        return checkpoint_name(self._namespace, checkpoint_id)


__all__ = ["FoundCheckpoint", "PendingWrite", "ThreadRecords"]
