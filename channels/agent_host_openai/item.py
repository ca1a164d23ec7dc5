"""Input items of the Responses API into messages, and the caller's replies among them. Pure.

What a model did in one go comes as several items (thinking, text, calls); they become one message
again. The output of a call is a reply where a run waits for it, and history otherwise: who reads
the items gets both views.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agent_host.types import (
    JsonValue,
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from agent_host.types.message import Role
from agent_host.wire.json_text import parse_text
from agent_host_openai import schema
from agent_host_openai.content import ContentReader
from agent_host_openai.problem import checked, invalid, missing

_OUTPUTS: Final = frozenset({"function_call_output", "custom_tool_call_output"})
_ROLES: Final[dict[str, Role]] = {
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "developer": "system",
}
_KNOWN: Final = (
    "message, function_call, function_call_output, custom_tool_call, custom_tool_call_output, "
    "reasoning, mcp_call, mcp_approval_request, mcp_approval_response, image_generation_call"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the caller says to the call or approval with this id. `param` is where it stands."""

    id: str
    value: JsonValue
    param: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemInput:
    """What a caller sent.

    `messages` is all of it. `replies` are those to calls and approvals, `said` the messages among
    the rest. `tail` are the replies it ends with, nothing but replies behind them.
    """

    messages: tuple[Message, ...]
    replies: tuple[Reply, ...] = ()
    said: tuple[Message, ...] = ()
    tail: tuple[Reply, ...] = ()


def read_input(value: JsonValue, reader: ContentReader, *, param: str = "input") -> ItemInput:
    """The input of a response.

    Raises:
        WireError: it is no text and no list of items, or an item is not as documented.
    """
    if isinstance(value, str):
        messages = (Message.user(value),)
        return ItemInput(messages=messages, said=messages)
    if value is None:
        raise missing(param)
    if isinstance(value, Mapping) or not isinstance(value, Sequence):
        raise invalid(param, "should be a string or a list of items")
    if not 0 < len(value) <= schema.ITEMS_LIMIT:
        raise invalid(param, f"should have 1 to {schema.ITEMS_LIMIT} items")
    folder = _Folder(reader)
    for position, item in enumerate(value):
        folder.add(item, f"{param}[{position}]")
    return folder.done()


class _Folder:
    """Items in, messages out."""

    def __init__(self, reader: ContentReader) -> None:
        self._reader = reader
        self._messages: list[Message] = []
        self._said: list[Message] = []
        self._parts: list[Part] = []
        self._role: Role = "assistant"
        self._names: dict[str, str] = {}
        self._replies: list[Reply] = []
        self._tail: list[Reply] = []

    def add(self, item: JsonValue, param: str) -> None:
        if not isinstance(item, Mapping):
            raise invalid(param, "should be an object")
        kind = item.get("type", "message")
        if not isinstance(kind, str):
            raise invalid(f"{param}.type", f"should be one of {_KNOWN}")
        if kind == "message":
            self._message(item, param)
        elif kind in _OUTPUTS:
            self._output(item, param)
            return
        elif kind == "mcp_approval_response":
            given = checked(schema.ApprovalResponseItem, item, param)
            self._reply(Reply(id=given.approval_request_id, value=given.approve, param=param))
            return
        else:
            self._of_the_model(kind, item, param)
        self._tail.clear()

    def done(self) -> ItemInput:
        self._close()
        return ItemInput(
            messages=tuple(self._messages),
            replies=tuple(self._replies),
            said=tuple(self._said),
            tail=tuple(self._tail),
        )

    def _message(self, item: Mapping[str, JsonValue], param: str) -> None:
        message = checked(schema.InputMessage, item, param)
        role = _ROLES[message.role]
        parts = self._reader.read(message.content, f"{param}.content")
        if role == "assistant":
            self._put("assistant", *parts)
            return
        self._close()
        said = Message(role=role, parts=parts)
        self._messages.append(said)
        self._said.append(said)

    def _output(self, item: Mapping[str, JsonValue], param: str) -> None:
        given = checked(schema.FunctionCallOutputItem, item, param)
        value = self._output_value(given.output, f"{param}.output")
        name = self._names.get(given.call_id, "")
        self._put("tool", ToolResultPart(call_id=given.call_id, name=name, result=value))
        self._reply(Reply(id=given.call_id, value=value, param=param))

    def _output_value(self, output: JsonValue, param: str) -> JsonValue:
        """A text; of a list of parts, its text, or the list itself where it has more than that."""
        if isinstance(output, str):
            return output
        parts = self._reader.read(output, param)
        if all(isinstance(part, TextPart) for part in parts):
            return "".join(part.text for part in parts if isinstance(part, TextPart))
        return output

    def _reply(self, reply: Reply) -> None:
        self._replies.append(reply)
        self._tail.append(reply)

    def _of_the_model(self, kind: str, item: Mapping[str, JsonValue], param: str) -> None:
        match kind:
            case "function_call":
                call = checked(schema.FunctionCallItem, item, param)
                self._call(call.call_id, call.name, parse_text(call.arguments))
            case "custom_tool_call":
                custom = checked(schema.CustomToolCallItem, item, param)
                self._call(custom.call_id, custom.name, custom.input)
            case "reasoning":
                thought = checked(schema.ReasoningItem, item, param)
                parts = [
                    *self._reader.read(thought.summary or (), f"{param}.summary"),
                    *self._reader.read(thought.content or (), f"{param}.content"),
                ]
                text = "".join(part.text for part in parts if isinstance(part, TextPart))
                if text:
                    self._put("assistant", ReasoningPart(text=text))
            case "mcp_call":
                done = checked(schema.McpCallItem, item, param)
                self._call(done.id, done.name, parse_text(done.arguments))
                result = ToolResultPart(
                    call_id=done.id,
                    name=done.name,
                    result=done.output if done.error is None else done.error,
                    is_error=done.error is not None,
                )
                self._put("tool", result)
            case "mcp_approval_request" | "image_generation_call":
                pass  # our own words given back: they add nothing to what the reply says
            case _:
                raise invalid(f"{param}.type", f"should be one of {_KNOWN}")

    def _call(self, call_id: str, name: str, arguments: JsonValue) -> None:
        self._names[call_id] = name
        self._put("assistant", ToolCallPart(call_id=call_id, name=name, arguments=arguments))

    def _put(self, role: Role, *parts: Part) -> None:
        if role != self._role:
            self._close()
            self._role = role
        self._parts.extend(parts)

    def _close(self) -> None:
        if self._parts:
            self._messages.append(Message(role=self._role, parts=tuple(self._parts)))
            self._parts.clear()


__all__ = ["ItemInput", "Reply", "read_input"]
