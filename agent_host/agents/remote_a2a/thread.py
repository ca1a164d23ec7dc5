"""What has to be known of a conversation with an agent elsewhere once its turn is over: its
context, and the task that a run waits for. With the owner's checkpoints where there are some; else
in memory, for as many conversations as fit.
"""

import logging
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from agent_host.calling.checkpoint import read_checkpoint
from agent_host.codec import VersionedCodec
from agent_host.errors import UnreadableRecordError
from agent_host.types.turn import Turn

logger = logging.getLogger(__name__)

_KEPT: Final = 10_000
_CONTEXT: Final = "context"
_TASK: Final = "task"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteContext:
    """The context of a session at the agent of this URL, which gave it."""

    agent: str
    context_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteTask:
    """The task that a run is. `place` and `dialect` say where it was sent. `mark` is that of the
    question it asked last, `is_named` whether its questions have ids of their own.
    """

    agent: str
    task_id: str
    context_id: str | None
    place: str
    dialect: str
    mark: str | None = None
    is_named: bool = False


_CONTEXT_CODEC: Final = VersionedCodec("remote_a2a_context", 1, RemoteContext)
_TASK_CODEC: Final = VersionedCodec("remote_a2a_task", 1, RemoteTask)


class Threads:
    """The conversations with the agent at one URL. Those of another read as not there."""

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._contexts: OrderedDict[tuple[str, str], str] = OrderedDict()

    async def context(self, turn: Turn) -> str | None:
        """The context of the turn's session, if it has one."""
        if turn.session_id is None:
            return None
        if turn.checkpoints is None:
            return self._contexts.get((turn.owner.partition, turn.session_id))
        scope = _session_scope(turn.session_id)
        try:
            kept = await read_checkpoint(turn.checkpoints, scope, _CONTEXT, _CONTEXT_CODEC.decode)
        except UnreadableRecordError:
            logger.error("session %s begins anew with the agent", turn.session_id)  # noqa: TRY400
            return None
        return kept.context_id if kept is not None and kept.agent == self._agent else None

    async def keep_context(self, turn: Turn, context_id: str) -> None:
        """Remember it for the turns that follow."""
        if turn.session_id is None:
            return
        if turn.checkpoints is not None:
            kept = RemoteContext(agent=self._agent, context_id=context_id)
            values = {_CONTEXT: _CONTEXT_CODEC.encode(kept)}
            await turn.checkpoints.put(_session_scope(turn.session_id), values)
            return
        place = (turn.owner.partition, turn.session_id)
        self._contexts[place] = context_id
        self._contexts.move_to_end(place)
        if len(self._contexts) > _KEPT:
            self._contexts.popitem(last=False)

    async def task(self, turn: Turn) -> RemoteTask | None:
        """The task that an earlier attempt of the run sent.

        Raises:
            UnreadableRecordError: there is one, and which cannot be read any more.
        """
        if turn.checkpoints is None:
            return None
        scope = _run_scope(turn)
        kept = await read_checkpoint(turn.checkpoints, scope, _TASK, _TASK_CODEC.decode)
        return kept if kept is not None and kept.agent == self._agent else None

    async def keep_task(self, turn: Turn, task: RemoteTask) -> None:
        """Remember it for an attempt that follows."""
        if turn.checkpoints is not None:
            await turn.checkpoints.put(_run_scope(turn), {_TASK: _TASK_CODEC.encode(task)})

    async def forget_task(self, turn: Turn) -> None:
        """The run is over."""
        if turn.checkpoints is not None:
            await turn.checkpoints.delete(_run_scope(turn))


def _session_scope(session_id: str) -> str:
    return f"remote_a2a.session.{session_id}"


def _run_scope(turn: Turn) -> str:
    return f"remote_a2a.run.{turn.run_id}"


__all__ = ["RemoteContext", "RemoteTask", "Threads"]
