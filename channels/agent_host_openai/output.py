"""What an agent said and did, as output items of a response. Pure.

The target's own tools appear as `mcp_call` items, with their output: a `function_call` is a call
that the client is asked to make, and most clients make it.
"""

from base64 import b64encode
from collections.abc import Iterable
from typing import Final

from agent_host.types import (
    DataPart,
    ErrorPart,
    FilePart,
    JsonValue,
    Part,
    ReasoningPart,
    RunResult,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Usage,
)
from agent_host.wire.json_text import json_text
from agent_host_openai.question import Fields

COMPLETED: Final = "completed"
INCOMPLETE: Final = "incomplete"
IN_PROGRESS: Final = "in_progress"
FAILED: Final = "failed"


def text_part(text: str) -> Fields:
    """The text of a message."""
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def message_item(item_id: str, texts: Iterable[str], *, status: str = COMPLETED) -> Fields:
    """A message of one or more texts."""
    return {
        "id": item_id,
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": [text_part(text) for text in texts],
    }


def reasoning_item(item_id: str, text: str | None, *, status: str = COMPLETED) -> Fields:
    """What the agent thought, as a summary; None: nothing as yet."""
    summary = [] if text is None else [{"type": "summary_text", "text": text}]
    return {
        "id": item_id,
        "type": "reasoning",
        "summary": summary,
        "encrypted_content": None,
        "status": status,
    }


def tool_item(item_id: str, name: str, arguments: JsonValue, *, server_label: str) -> Fields:
    """A call of one of the target's tools, going on."""
    return {
        "id": item_id,
        "type": "mcp_call",
        "status": IN_PROGRESS,
        "server_label": server_label,
        "name": name,
        "arguments": json_text({} if arguments is None else arguments),
        "output": None,
        "error": None,
        "approval_request_id": None,
    }


def finished_tool_item(item: Fields, result: JsonValue, *, is_error: bool) -> Fields:
    """The same, with what came of it."""
    if is_error:
        error = {"type": "mcp_tool_execution_error", "content": result}
        return {**item, "status": FAILED, "error": error}
    return {**item, "status": COMPLETED, "output": json_text(result)}


def image_item(item_id: str, data: bytes) -> Fields:
    """An image that the agent made."""
    return {
        "id": item_id,
        "type": "image_generation_call",
        "status": COMPLETED,
        "result": b64encode(data).decode("ascii"),
    }


def is_image(part: Part) -> bool:
    """Whether the part is shown as an item of its own."""
    return (
        isinstance(part, FilePart)
        and part.data is not None
        and part.media_type.startswith("image/")
    )


def to_text(part: Part) -> str:
    """What a message's text says of a part; the wire has nothing closer."""
    match part:
        case TextPart():
            text = part.text
        case DataPart():
            text = json_text(part.data)
        case ErrorPart():
            text = part.message
        case FilePart():
            name = part.name or part.media_type
            text = f"[{name}]" if part.uri is None else f"[{name}]({part.uri})"
        case _:
            text = ""
    return text


def items_of(result: RunResult, *, tail: str, server_label: str) -> list[Fields]:
    """The items of a whole result. `tail` is the response's id without its prefix."""
    collected = _ItemList(tail, server_label)
    for message in result.messages:
        for part in message.parts:
            collected.add(part, is_said=message.role == "assistant")
        collected.close()
    for artifact in result.artifacts:
        for part in artifact.parts:
            collected.add(part, is_said=True)
        collected.close()
    if not collected.items and result.value is not None:
        collected.add(DataPart(data=result.value), is_said=True)
        collected.close()
    return collected.items


class _ItemList:
    """Parts in, items out. What is said in a row is one message."""

    def __init__(self, tail: str, server_label: str) -> None:
        self.items: list[Fields] = []
        self._tail = tail
        self._label = server_label
        self._calls: dict[str, int] = {}
        self._texts: list[str] = []

    def add(self, part: Part, *, is_said: bool) -> None:
        if type(part) is TextPart:  # nearly all there is
            if is_said:
                self._texts.append(part.text)
            return
        match part:
            case ReasoningPart():
                self.close()
                self.items.append(reasoning_item(self._id("rs"), part.text))
            case ToolCallPart():
                self.close()
                self._calls[part.call_id] = len(self.items)
                item = tool_item(
                    self._id("mcp"), part.name, part.arguments, server_label=self._label
                )
                self.items.append({**item, "status": INCOMPLETE})
            case ToolResultPart():
                place = self._calls.get(part.call_id)
                if place is not None:
                    self.items[place] = finished_tool_item(
                        self.items[place], part.result, is_error=part.is_error
                    )
            case FilePart(data=bytes() as data) if is_image(part):
                self.close()
                self.items.append(image_item(self._id("ig"), data))
            case _:
                if is_said:
                    self._texts.append(to_text(part))

    def close(self) -> None:
        if self._texts:
            self.items.append(message_item(self._id("msg"), self._texts))
            self._texts.clear()

    def _id(self, prefix: str) -> str:
        return f"{prefix}_{self._tail}_{len(self.items)}"


def usage_fields(usage: Usage | None) -> Fields | None:
    """What was spent."""
    if usage is None:
        return None
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_input_tokens,
            "cache_write_tokens": 0,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


__all__ = [
    "COMPLETED",
    "FAILED",
    "INCOMPLETE",
    "IN_PROGRESS",
    "finished_tool_item",
    "image_item",
    "is_image",
    "items_of",
    "message_item",
    "reasoning_item",
    "text_part",
    "to_text",
    "tool_item",
    "usage_fields",
]
