"""A compiled LangGraph graph as a target. The graph itself stays as it is."""

from collections.abc import AsyncGenerator
from contextlib import suppress
from functools import partial
from typing import Any, Final, cast

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver

from agent_host.adapters.declaration import to_name
from agent_host.adapters.langgraph_failure import to_failure
from agent_host.adapters.langgraph_graph import Graph
from agent_host.adapters.langgraph_live_state import live_state_saver
from agent_host.adapters.langgraph_record import StrictSerializer
from agent_host.adapters.langgraph_run import GraphRun
from agent_host.adapters.langgraph_saver import TurnSaver
from agent_host.adapters.langgraph_state import GraphForm
from agent_host.calling.feed import Feed, run_producer
from agent_host.types.event import RunEvent
from agent_host.types.question import Answer
from agent_host.types.target import TargetCapabilities, TargetDescription
from agent_host.types.turn import Turn

_ANOTHER_GOES_ON: Final = ("shutdown", "lease_lost")
"""Why a turn may be cancelled whose run is not over."""


class LangGraphTarget:
    """Runs the graph once per turn.

    A graph with a checkpointer keeps its history itself, one thread per owner and session (a
    thread per run without a session, deleted after it). Without one, history comes from the host
    and a checkpointer of ours holds the state of each run until its end, so that an interrupt can
    be answered.

    Where the host keeps checkpoints, they take the place of a checkpointer in memory and of none:
    an interrupt then outlives the process, and a run that crashed goes on with the node that was in
    progress. A checkpointer that outlives the process by itself stays.

    Input: the messages where the state has a channel `messages`; else the typed input (a run
    hook's value, a data part or JSON text). A graph with `context_schema=Turn` gets the turn.
    """

    __slots__ = ("_capabilities", "_description", "_form", "_graph", "_saver", "_serializer")

    def __init__(self, graph: Graph, name: str) -> None:
        own = graph.checkpointer
        has_own = isinstance(own, BaseCheckpointSaver)
        is_lasting = has_own and not isinstance(own, InMemorySaver)
        # Of any version type, which is the checkpointer's own affair.
        self._saver = cast("BaseCheckpointSaver[Any]", own) if has_own else live_state_saver()
        self._serializer = None if is_lasting else StrictSerializer(graph.channels)
        self._graph = graph if has_own else graph.copy({"checkpointer": self._saver})
        self._form = GraphForm(graph)
        own_name = "" if graph.name == "LangGraph" else graph.name
        self._description = TargetDescription(
            name=to_name(own_name, otherwise=name), input_schema=self._form.input_schema
        )
        self._capabilities = TargetCapabilities(
            streams=True, keeps_history=has_own, resumes=is_lasting, checkpoints=True
        )

    @property
    def description(self) -> TargetDescription:
        """Its name is the graph's, where that has one."""
        return self._description

    @property
    def capabilities(self) -> TargetCapabilities:
        """`keeps_history` with a checkpointer; `resumes` where that outlives the process itself."""
        return self._capabilities

    def run(self, turn: Turn) -> AsyncGenerator[RunEvent, Answer | None]:
        """Stream the graph's answer.

        Raises:
            InvalidInputError: the typed input does not fit the graph's.
            TargetError: a model or a step failed in a way that has a name.
        """
        return run_producer(partial(self._answer, turn), turn.cancelled)

    async def _answer(self, turn: Turn, feed: Feed) -> None:
        graph, saver = self._graph, self._saver
        if turn.checkpoints is not None and self._serializer is not None:
            live = cast("InMemorySaver", self._saver)
            saver = TurnSaver(turn.checkpoints, self._serializer, live)
            graph = self._graph.copy({"checkpointer": saver})
        one = GraphRun(graph, turn, form=self._form, capabilities=self._capabilities)
        try:
            await one.run(feed)
        except Exception as error:
            failure = to_failure(error)
            if failure is error:
                raise
            raise failure from error
        finally:
            if not one.outlives_the_turn and turn.cancelled.reason not in _ANOTHER_GOES_ON:
                with suppress(NotImplementedError):  # Not every checkpointer can.
                    await saver.adelete_thread(one.thread)


def to_target(candidate: object, name: str) -> LangGraphTarget:
    """The graph as a target, `name` where it has none."""
    return LangGraphTarget(cast("Graph", candidate), name)


__all__ = ["LangGraphTarget", "to_target"]
