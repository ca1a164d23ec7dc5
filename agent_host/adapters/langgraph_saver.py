"""A LangGraph checkpointer over what the host gives a turn to keep its progress in.

Made for each turn, as it is one owner's. A thread whose state cannot be written as data (it holds a
client, an open file) goes on in memory from there: it can be answered in this process, and after a
crash it is where its last checkpoint is.
"""

import logging
import random
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.memory import InMemorySaver

from agent_host.adapters.langgraph_name import checkpoint_name, value_name, write_name
from agent_host.adapters.langgraph_record import (
    CHECKPOINT_CODEC,
    EMPTY,
    VALUE_CODEC,
    WRITE_CODEC,
    StoredCheckpoint,
    StoredValue,
    StoredWrite,
    StrictSerializer,
)
from agent_host.adapters.langgraph_thread import FoundCheckpoint, ThreadRecords
from agent_host.types.checkpoint import Checkpoints

_LOG: Final = logging.getLogger(__name__)


class TurnSaver(BaseCheckpointSaver[str]):
    """LangGraph's seam, its async half. `live` holds the threads that cannot be written."""

    def __init__(
        self, checkpoints: Checkpoints, serializer: StrictSerializer, live: InMemorySaver
    ) -> None:
        super().__init__(serde=serializer)
        self._kept = checkpoints
        self._strict = serializer
        self._live = live

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The checkpoint that `config` names, or the thread's newest."""
        thread, namespace = _place(config)
        if self._is_live(thread):
            return await self._live.aget_tuple(config)
        wanted = get_checkpoint_id(config)
        records = self._records_of(thread, namespace)
        if wanted is None:
            async for newest in records.newest_first(page=1):
                return _tuple(thread, namespace, newest)
            return None
        found = await records.get(wanted)
        return None if found is None else _tuple(thread, namespace, found)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - LangGraph's signature
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """A thread's checkpoints, newest first. There is no way to list other threads."""
        if config is None:
            return
        thread, namespace = _place(config)
        if self._is_live(thread):
            async for found in self._live.alist(config, filter=filter, before=before, limit=limit):
                yield found
            return
        first = None if before is None else get_checkpoint_id(before)
        left = limit
        async for one in self._records_of(thread, namespace).newest_first(before=first):
            found = _tuple(thread, namespace, one)
            metadata: dict[str, Any] = dict(found.metadata)
            if any(metadata.get(key) != value for key, value in (filter or {}).items()):
                continue
            if left is not None:
                if left <= 0:
                    return
                left -= 1
            yield found

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keep a checkpoint, and the channels that changed with it."""
        thread, namespace = _place(config)
        described = get_checkpoint_metadata(config, metadata)
        if not self._is_live(thread):
            try:
                records = self._records(namespace, checkpoint, described, config, new_versions)
            except (TypeError, ValueError):
                _LOG.warning("a graph's state cannot be kept: it holds what is no data")
                # Of what came before nothing is there, so all of it is new.
                new_versions = checkpoint["channel_versions"]
            else:
                await self._kept.put(thread, records)
                return _config(thread, namespace, checkpoint["id"])
        return await self._live.aput(config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Keep what a task wrote. A task that is run again does not write twice."""
        thread, namespace = _place(config)
        checkpoint_id = get_checkpoint_id(config) or ""
        if self._is_live(thread):
            await self._live.aput_writes(config, writes, task_id, task_path)
            return
        records: dict[str, bytes] = {}
        for position, (channel, value) in enumerate(writes):
            index = WRITES_IDX_MAP.get(channel, position)
            name = write_name(namespace, checkpoint_id, task_id, index)
            if index >= 0 and await self._kept.get(thread, name) is not None:
                continue
            try:
                stored = self._strict.stored(value)
            except (TypeError, ValueError):
                # The step's checkpoint says so too; until then it is only run again.
                _LOG.warning("a graph's state cannot be kept: it holds what is no data")
                return
            write = StoredWrite(
                task_id=task_id, task_path=task_path, index=index, channel=channel, value=stored
            )
            records[name] = WRITE_CODEC.encode(write)
        if records:
            await self._kept.put(thread, records)

    async def adelete_thread(self, thread_id: str) -> None:
        """Forget the thread."""
        await self._live.adelete_thread(thread_id)
        await self._kept.delete(thread_id)

    def get_next_version(self, current: str | None, channel: None) -> str:
        """A version that is greater, and no other attempt's."""
        del channel
        number = 0 if current is None else int(str(current).split(".", 1)[0])
        return f"{number + 1:032}.{random.random():.16f}"  # noqa: S311 - no secret

    def _is_live(self, thread: str) -> bool:
        return thread in self._live.storage

    def _records(
        self,
        namespace: str,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        config: RunnableConfig,
        new_versions: ChannelVersions,
    ) -> dict[str, bytes]:
        bare: dict[str, Any] = {**checkpoint}
        values: dict[str, Any] = bare.pop("channel_values")
        records: dict[str, bytes] = {}
        for channel, version in new_versions.items():
            stored = StoredValue(form=EMPTY, data=b"")
            if channel in values:
                stored = self._strict.stored(values[channel])
            records[value_name(namespace, channel, str(version))] = VALUE_CODEC.encode(stored)
        kept = StoredCheckpoint(
            checkpoint=self._strict.stored(bare),
            metadata=self._strict.stored(dict(metadata)),
            parent=get_checkpoint_id(config),
        )
        records[checkpoint_name(namespace, checkpoint["id"])] = CHECKPOINT_CODEC.encode(kept)
        return records

    def _records_of(self, thread: str, namespace: str) -> ThreadRecords:
        return ThreadRecords(self._kept, self._strict, thread=thread, namespace=namespace)


def _place(config: RunnableConfig) -> tuple[str, str]:
    configurable: dict[str, Any] = config.get("configurable", {})
    return configurable["thread_id"], configurable.get("checkpoint_ns", "")


def _config(thread: str, namespace: str, checkpoint_id: str) -> RunnableConfig:
    return {
        "configurable": {
            "thread_id": thread,
            "checkpoint_ns": namespace,
            "checkpoint_id": checkpoint_id,
        }
    }


def _tuple(thread: str, namespace: str, found: FoundCheckpoint) -> CheckpointTuple:
    head = found.head
    return CheckpointTuple(
        config=_config(thread, namespace, found.id),
        checkpoint={**head.checkpoint, "channel_values": found.values},
        metadata=head.metadata,
        parent_config=None if head.parent is None else _config(thread, namespace, head.parent),
        pending_writes=[*found.writes],
    )


__all__ = ["TurnSaver"]
