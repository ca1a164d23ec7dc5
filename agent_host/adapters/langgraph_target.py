"""A compiled LangGraph graph as a target. The graph itself stays as it is."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver

from agent_host.adapters.declaration import to_name
from agent_host.adapters.langgraph_event import MODES, GraphTranslator
from agent_host.adapters.langgraph_failure import to_failure
from agent_host.adapters.langgraph_graph import Graph
from agent_host.adapters.langgraph_live_state import live_state_saver
from agent_host.adapters.langgraph_question import is_refused, to_questions, to_resumption
from agent_host.adapters.langgraph_state import GraphForm
from agent_host.calling.feed import Feed, run_producer
from agent_host.types.event import InputRequired, RunCancelled, RunCompleted, RunEvent
from agent_host.types.question import Answer
from agent_host.types.target import TargetCapabilities, TargetDescription
from agent_host.types.turn import Turn


class LangGraphTarget:
    """Runs the graph once per turn.

    A graph with a checkpointer keeps its history itself, one thread per owner and session (a
    thread per run without a session, deleted after it). Without one, history comes from the host
    and an in-memory checkpointer holds the state of each run until its end, so that an interrupt
    can be answered. An interrupt outlives the process only where the checkpointer does.

    Input: the messages where the state has a channel `messages`; else the typed input (a run
    hook's value, a data part or JSON text). A graph with `context_schema=Turn` gets the turn.
    """

    __slots__ = ("_capabilities", "_description", "_form", "_graph", "_saver")

    def __init__(self, graph: Graph, name: str) -> None:
        own = graph.checkpointer
        has_own = isinstance(own, BaseCheckpointSaver)
        # Of any version type, which is the checkpointer's own affair.
        self._saver = cast("BaseCheckpointSaver[Any]", own) if has_own else live_state_saver()
        self._graph = graph if has_own else graph.copy({"checkpointer": self._saver})
        self._form = GraphForm(graph)
        own_name = "" if graph.name == "LangGraph" else graph.name
        self._description = TargetDescription(
            name=to_name(own_name, otherwise=name), input_schema=self._form.input_schema
        )
        self._capabilities = TargetCapabilities(
            streams=True,
            keeps_history=has_own,
            resumes=has_own and not isinstance(own, InMemorySaver),
        )

    @property
    def description(self) -> TargetDescription:
        """Its name is the graph's, where that has one."""
        return self._description

    @property
    def capabilities(self) -> TargetCapabilities:
        """`keeps_history` with a checkpointer; `resumes` where that outlives the process."""
        return self._capabilities

    def run(self, turn: Turn) -> AsyncGenerator[RunEvent, Answer | None]:
        """Stream the graph's answer.

        Raises:
            InvalidInputError: the typed input does not fit the graph's.
            TargetError: a model or a step failed in a way that has a name.
        """
        return run_producer(partial(self._answer, turn), turn.cancelled)

    async def _answer(self, turn: Turn, feed: Feed) -> None:
        keeps_thread = self._capabilities.keeps_history and turn.session_id is not None
        thread = _thread_of(turn)
        is_waiting = False
        try:
            is_waiting = await self._run_thread(thread, turn, feed)
        except Exception as error:
            failure = to_failure(error)
            if failure is error:
                raise
            raise failure from error
        finally:
            if not keeps_thread and not is_waiting:
                with suppress(NotImplementedError):  # Not every checkpointer can.
                    await self._saver.adelete_thread(thread)

    async def _run_thread(self, thread: str, turn: Turn, feed: Feed) -> bool:
        """Run until the graph is done, or waits to be run again: whether it waits."""
        config: RunnableConfig = {"configurable": {"thread_id": thread}}
        translator = GraphTranslator()
        answer = turn.answer
        given = None if answer is not None else self._form.read_input(turn)
        while True:
            if answer is not None:
                if is_refused(answer):
                    await feed.put(RunCancelled())
                    return False
                given = to_resumption(answer)
            async with aclosing(self._stream(given, config, turn)) as stream:
                async for namespace, mode, data in stream:
                    for event in translator.translate(namespace, mode, data):
                        await feed.put(event)
            questions = to_questions(await self._graph.aget_state(config))
            if not questions:
                break
            if self._capabilities.resumes:
                await feed.put(InputRequired(questions=questions))
                return True
            answer = await feed.ask(*questions)
        result = self._form.to_result(turn, translator.state, translator.outputs)
        await feed.put(RunCompleted(result=result))
        return False

    def _stream(
        self, given: object, config: RunnableConfig, turn: Turn
    ) -> AsyncGenerator[tuple[tuple[str, ...], str, object], None]:
        stream = self._graph.astream(
            given,
            config,
            context=turn if self._graph.context_schema is Turn else None,
            stream_mode=list(MODES),  # A tuple would count as one mode.
            output_keys=self._graph.output_channels,
            subgraphs=True,
            durability=None if self._capabilities.keeps_history else "exit",
        )
        # An async generator by its code, an iterator by its annotation.
        return cast("AsyncGenerator[tuple[tuple[str, ...], str, object], None]", stream)


def _thread_of(turn: Turn) -> str:
    """The session's thread, or the run's; the owner's length-prefixed, so that none is shared."""
    owner = turn.owner.partition
    return f"{len(owner)}.{owner}.{turn.session_id or turn.run_id}"


def to_target(candidate: object, name: str) -> LangGraphTarget:
    """The graph as a target, `name` where it has none."""
    return LangGraphTarget(cast("Graph", candidate), name)


__all__ = ["LangGraphTarget", "to_target"]
