"""What a graph is given to start with, and what its last state says."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, cast

from langchain_core.messages import BaseMessage, HumanMessage
from pydantic import BaseModel, ValidationError
from pydantic.errors import PydanticUserError

from agent_host.adapters.fidelity import unsealed
from agent_host.adapters.langgraph_event import to_storable
from agent_host.adapters.langgraph_graph import Graph
from agent_host.adapters.langgraph_message import from_langchain, to_langchain
from agent_host.calling.answer import to_json, to_result
from agent_host.calling.typed_input import read_payload, validation_problems, was_made_by_hook
from agent_host.errors import InvalidInputError
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.result import RunResult
from agent_host.types.turn import Turn

_MESSAGES: Final = "messages"
_STRUCTURED: Final = "structured_response"  # Where LangChain's agents put a typed answer.


class GraphForm:
    """How one graph takes its input and gives its answer, read once."""

    __slots__ = ("_model", "_takes_messages", "input_schema")

    def __init__(self, graph: Graph) -> None:
        self._takes_messages = _MESSAGES in graph.channels
        self._model = None if self._takes_messages else _input_model(graph)
        self.input_schema: JsonObject | None = (
            None if self._model is None else self._model.model_json_schema()
        )

    def read_input(self, turn: Turn) -> object:
        """What a run hook made; else the conversation, or the typed input of a graph without one.

        Raises:
            InvalidInputError: the typed input does not fit.
        """
        if was_made_by_hook(turn):
            return turn.input
        if self._takes_messages:
            history = () if turn.history is None else turn.history.messages
            return {_MESSAGES: [*to_langchain(history), *_new_messages(turn)]}
        if self.input_schema is not None and self.input_schema.get("type") == "string":
            return turn.text
        payload = read_payload(turn)
        message = "The input does not have the form this graph takes."
        if self._model is None:
            if not isinstance(payload, dict):
                raise InvalidInputError(message, (("input", "must be an object"),))
            return cast("dict[str, object]", payload)
        try:
            self._model.model_validate(payload)
        except ValidationError as error:
            raise InvalidInputError(message, validation_problems(error)) from error
        return payload

    def to_result(self, turn: Turn, state: object, outputs: dict[str, JsonValue]) -> RunResult:
        """The answer: the messages that the run added, and what else the state holds as `value`.

        A state without messages is the value, and its JSON the text.
        """
        if not self._takes_messages or not isinstance(state, Mapping):
            return replace(to_result(to_storable(state)), outputs=outputs)
        channels = dict(cast("Mapping[str, object]", state))
        messages = cast("Sequence[BaseMessage]", channels.pop(_MESSAGES, ()))
        structured = channels.get(_STRUCTURED)
        rest = to_storable(channels) if structured is None else to_json(structured)
        return RunResult(
            messages=from_langchain(_added(messages, turn)), value=rest or None, outputs=outputs
        )


def _input_model(graph: Graph) -> type[BaseModel] | None:
    try:
        return graph.get_input_schema()
    except PydanticUserError:
        # Pydantic cannot read a typing.TypedDict before Python 3.12; then the graph judges.
        return None


def _message_id(turn: Turn, index: int) -> str:
    return f"{turn.run_id}.{index}"


def _new_messages(turn: Turn) -> list[BaseMessage]:
    """The new messages under ids that mark them, in the graph's state, as this run's input."""
    converted = to_langchain(unsealed(turn.messages))
    return [
        message.model_copy(update={"id": _message_id(turn, index)})
        for index, message in enumerate(converted)
    ]


def _added(messages: Sequence[BaseMessage], turn: Turn) -> Sequence[BaseMessage]:
    """What follows this run's input; where the graph dropped that, what follows the last human."""
    mine = _message_id(turn, 0).removesuffix("0")
    positions = [i for i, message in enumerate(messages) if (message.id or "").startswith(mine)]
    if not positions:
        positions = [i for i, found in enumerate(messages) if isinstance(found, HumanMessage)]
    return messages[positions[-1] + 1 :] if positions else messages


__all__ = ["GraphForm"]
