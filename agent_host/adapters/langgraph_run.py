"""One turn of a graph: from its start, or from where an earlier attempt or a question left it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final, cast

from langchain_core.runnables import RunnableConfig
from langgraph.types import Durability, StateSnapshot

from agent_host.adapters.langgraph_event import MODES, GraphTranslator
from agent_host.adapters.langgraph_graph import Graph
from agent_host.adapters.langgraph_question import (
    BREAKPOINT,
    is_refused,
    to_questions,
    to_resumption,
)
from agent_host.adapters.langgraph_state import GraphForm
from agent_host.calling.feed import Feed
from agent_host.errors import FailureCode, TargetError
from agent_host.types.event import InputRequired, RunCancelled, RunCompleted
from agent_host.types.question import Answer
from agent_host.types.target import TargetCapabilities
from agent_host.types.turn import Turn

_RUN: Final = "agent_host_run"
"""In a checkpoint's metadata: the run that made it."""


class GraphRun:
    """Runs once. `outlives_the_turn` says that its thread must not be forgotten behind it."""

    def __init__(
        self, graph: Graph, turn: Turn, *, form: GraphForm, capabilities: TargetCapabilities
    ) -> None:
        self._graph = graph
        self._turn = turn
        self._form = form
        self._keeps_history = capabilities.keeps_history
        self._suspends = capabilities.resumes or turn.checkpoints is not None
        self._translator = GraphTranslator()
        self.thread = _thread_of(turn)
        self.outlives_the_turn = capabilities.keeps_history and turn.session_id is not None
        self._config: RunnableConfig = {
            "configurable": {"thread_id": self.thread, _RUN: turn.run_id}
        }

    async def run(self, feed: Feed) -> None:
        """Run until the graph is done, or waits to be run again."""
        answer = self._turn.answer
        if answer is not None and is_refused(answer):
            await feed.put(RunCancelled())
            return
        is_running = True
        # Where there are checkpoints an earlier process may have left some, whatever the attempt:
        # one that was shut down handed the run back.
        if answer is None and self._turn.attempt == 1 and self._turn.checkpoints is None:
            given: object = self._form.read_input(self._turn)
        else:
            is_running, given = await self._where_it_stood(answer)
        while True:
            if is_running:
                await self._stream(given, feed)
            questions = to_questions(await self._graph.aget_state(self._config))
            if not questions:
                break
            if self._suspends:
                self.outlives_the_turn = True
                await feed.put(InputRequired(questions=questions))
                return
            answer = await feed.ask(*questions)
            if is_refused(answer):
                await feed.put(RunCancelled())
                return
            is_running, given = True, to_resumption(answer)
        translator = self._translator
        result = self._form.to_result(self._turn, translator.state, translator.outputs)
        await feed.put(RunCompleted(result=result))

    async def _where_it_stood(self, answer: Answer | None) -> tuple[bool, object]:
        """Whether there is anything to run, and what to run it with.

        Raises:
            TargetError: it was answered, and nothing is left of what asked.
        """
        snapshot = await self._graph.aget_state(self._config)
        self._translator.state = snapshot.values
        if answer is not None and _is_open(snapshot, answer):
            return True, to_resumption(answer)
        mine: dict[str, Any] = dict(snapshot.metadata or {})
        if mine.get(_RUN) != self._turn.run_id:
            if answer is None:
                return True, self._form.read_input(self._turn)
            message = "What the agent asked about is not kept any more. Ask it again."
            raise TargetError(message, code=FailureCode.INTERRUPTED, retryable=True)
        # An answer counts once: an attempt before this one may have gone on with it.
        return bool(snapshot.next) and not snapshot.interrupts, None

    async def _stream(self, given: object, feed: Feed) -> None:
        turn = self._turn
        durability: Durability | None = None if self._keeps_history else "exit"
        stream = self._graph.astream(
            given,
            self._config,
            context=turn if self._graph.context_schema is Turn else None,
            stream_mode=list(MODES),  # A tuple would count as one mode.
            output_keys=self._graph.output_channels,
            subgraphs=True,
            # Behind every step, so that none that is done is run again.
            durability="sync" if turn.checkpoints is not None else durability,
        )
        # An async generator by its code, an iterator by its annotation.
        items = cast("AsyncGenerator[tuple[tuple[str, ...], str, object], None]", stream)
        async with aclosing(items):
            async for namespace, mode, data in items:
                for event in self._translator.translate(namespace, mode, data):
                    await feed.put(event)


def _is_open(snapshot: StateSnapshot, answer: Answer) -> bool:
    if BREAKPOINT in answer.values:
        return bool(snapshot.next)
    return any(str(interrupt.id) in answer.values for interrupt in snapshot.interrupts)


def _thread_of(turn: Turn) -> str:
    """The session's thread, or the run's; the owner's length-prefixed, so that none is shared."""
    owner = turn.owner.partition
    return f"{len(owner)}.{owner}.{turn.session_id or turn.run_id}"


__all__ = ["GraphRun"]
