"""What the host uses of a compiled graph, in types that say no more than it needs.

LangGraph's own are generic in a graph's state, context, input and output, which are the user's.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol, Self

from langchain_core.runnables import RunnableConfig
from langgraph.types import Durability, StateSnapshot, StreamMode
from pydantic import BaseModel


class Graph(Protocol):
    """A compiled graph: `langgraph.pregel.Pregel`."""

    @property
    def name(self) -> str:
        """`LangGraph` where the user gave none."""
        ...

    @property
    def channels(self) -> Mapping[str, object]:
        """The state's channels, by name."""
        ...

    @property
    def output_channels(self) -> str | Sequence[str]:
        """Those that the graph shows to the outside."""
        ...

    @property
    def checkpointer(self) -> object:
        """A `BaseCheckpointSaver`, a flag or None."""
        ...

    @property
    def context_schema(self) -> type | None:
        """What its nodes expect as the runtime's context."""
        ...

    def copy(self, update: Mapping[str, object]) -> Self:
        """The same graph with other attributes."""
        ...

    def get_input_schema(self) -> type[BaseModel]:
        """A model of what it takes."""
        ...

    async def aget_state(self, config: RunnableConfig) -> StateSnapshot:
        """Where a thread stands."""
        ...

    def astream(
        self,
        given: object,
        config: RunnableConfig,
        /,
        *,
        context: object,
        stream_mode: Sequence[StreamMode],
        output_keys: str | Sequence[str],
        subgraphs: bool,
        durability: Durability | None,
    ) -> AsyncIterator[object]:
        """Run it, or go on with it."""
        ...


__all__ = ["Graph"]
