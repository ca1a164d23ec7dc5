"""The output items of a response as they come about, and the events that tell of each. Pure.

Items stand in the order they begin; a call may end long after others began.
"""

from typing import Any, Final

from agent_host.types import FilePart, Part, ToolCallFinished, ToolCallStarted
from agent_host.wire.json_text import json_bytes
from agent_host_openai.outbound import frame
from agent_host_openai.output import (
    COMPLETED,
    FAILED,
    IN_PROGRESS,
    INCOMPLETE,
    finished_tool_item,
    image_item,
    is_image,
    message_item,
    reasoning_item,
    text_part,
    to_text,
    tool_item,
)
from agent_host_openai.question import Fields

_PART: Final = "response.content_part"
_TEXT: Final = "response.output_text"
_SUMMARY: Final = "response.reasoning_summary_text"
_SUMMARY_PART: Final = "response.reasoning_summary_part"
_ARGUMENTS: Final = {
    "function_call": "response.function_call_arguments",
    "mcp_call": "response.mcp_call_arguments",
}


class ItemTeller:
    """Tell it what happens; `take` gives the frames since the last time."""

    def __init__(self, tail: str, *, server_label: str) -> None:
        self.items: list[Fields] = []
        self.sequence = 0
        self._tail = tail
        self._label = server_label
        self._frames: list[bytes] = []
        self._calls: dict[str, int] = {}
        self._open: str | None = None
        self._message_id: str | None = None
        self._texts: list[str] = []
        self._delta_head = b""

    def take(self) -> list[bytes]:
        """The frames that nobody has taken yet."""
        frames = self._frames
        if frames:
            self._frames = []
        return frames

    def say(self, kind: str, **fields: Any) -> None:  # noqa: ANN401 - members of an event
        """One event."""
        fields["sequence_number"] = self._next()
        self._frames.append(frame(kind, fields))

    def new_id(self, prefix: str) -> str:
        """The id of the item that begins next."""
        return f"{prefix}_{self._tail}_{len(self.items)}"

    def text(self, text: str, message_id: str | None) -> None:
        """More of a message, or the first of one."""
        if self._open != "message" or (message_id is not None and message_id != self._message_id):
            self._open_message(message_id)
        if not self._delta_head:
            self._open_text()
        self._texts.append(text)
        self._frames.append(
            b'%b%b,"sequence_number":%d}\n\n' % (self._delta_head, json_bytes(text), self._next())
        )

    def part(self, part: Part, message_id: str | None) -> None:
        """A whole part: an image is an item, anything else a text of a message."""
        if isinstance(part, FilePart) and part.data is not None and is_image(part):
            self.close(COMPLETED)
            self.whole(image_item(self.new_id("ig"), part.data))
            return
        if self._open == "message":
            self._close_text()
        self.text(to_text(part), message_id)
        self._close_text()

    def reasoning(self, text: str) -> None:
        """More of what the agent thinks."""
        if self._open != "reasoning":
            self.close(COMPLETED)
            self._open = "reasoning"
            self._added(reasoning_item(self.new_id("rs"), None, status=IN_PROGRESS))
            part = {"type": "summary_text", "text": ""}
            self.say(f"{_SUMMARY_PART}.added", **self._place(summary_index=0), part=part)
        self._texts.append(text)
        self.say(f"{_SUMMARY}.delta", **self._place(summary_index=0), delta=text)

    def call(self, event: ToolCallStarted) -> None:
        """A tool of the target's begins."""
        self.close(COMPLETED)
        item = tool_item(self.new_id("mcp"), event.name, event.arguments, server_label=self._label)
        self._calls[event.call_id] = len(self.items)
        self._added({**item, "arguments": ""}, kept=item)
        self.say("response.mcp_call.in_progress", **self._place())
        self._arguments(item)

    def returned(self, event: ToolCallFinished) -> None:
        """It is done; one that was begun elsewhere is told whole."""
        if event.call_id not in self._calls:
            self.call(ToolCallStarted(call_id=event.call_id, name=event.name))
        position = self._calls.pop(event.call_id)
        item = finished_tool_item(self.items[position], event.result, is_error=event.is_error)
        self.items[position] = item
        kind = f"response.mcp_call.{item['status']}"
        self.say(kind, item_id=item["id"], output_index=position)
        self._done(position)

    def whole(self, item: Fields) -> None:
        """An item that is there at once, told as if it came piece by piece."""
        kind = item["type"]
        if kind == "message":
            self._open_message(None)
            for part in item["content"]:
                self.text(part["text"], None)
                self._close_text()
            self.close(COMPLETED)
        elif kind == "reasoning":
            for part in item["summary"]:
                self.reasoning(part["text"])
            self.close(COMPLETED)
        else:
            self._whole_call(kind, item)

    def close(self, status: str) -> None:
        """Nothing is being said any more; calls may still go on."""
        kind, self._open = self._open, None
        self._message_id = None
        if kind is None:
            return
        item = self.items[-1]
        if kind == "message":
            self._close_text()
            item["status"] = status
        else:
            item.update(self._close_reasoning(item, status))
        self._done(len(self.items) - 1)

    def give_up_calls(self) -> None:
        """What has not returned will not."""
        for position in self._calls.values():
            self.items[position]["status"] = INCOMPLETE
            self._done(position)
        self._calls.clear()

    def _open_message(self, message_id: str | None) -> None:
        self.close(COMPLETED)
        self._open, self._message_id = "message", message_id
        self._added(message_item(self.new_id("msg"), (), status=IN_PROGRESS))

    def _open_text(self) -> None:
        content = self.items[-1]["content"]
        place = self._place(content_index=len(content))
        content.append(text_part(""))
        self.say(f"{_PART}.added", **place, part=text_part(""))
        head = json_bytes({"type": f"{_TEXT}.delta", **place, "logprobs": []})
        self._delta_head = b'event: %b.delta\ndata: %b,"delta":' % (_TEXT.encode(), head[:-1])

    def _close_text(self) -> None:
        if not self._delta_head:
            return
        content = self.items[-1]["content"]
        place = self._place(content_index=len(content) - 1)
        part = content[-1] = text_part("".join(self._texts))
        self._texts.clear()
        self._delta_head = b""
        self.say(f"{_TEXT}.done", **place, text=part["text"], logprobs=[])
        self.say(f"{_PART}.done", **place, part=part)

    def _close_reasoning(self, item: Fields, status: str) -> Fields:
        text = "".join(self._texts)
        self._texts.clear()
        place = self._place(summary_index=0)
        self.say(f"{_SUMMARY}.done", **place, text=text)
        self.say(f"{_SUMMARY_PART}.done", **place, part={"type": "summary_text", "text": text})
        return reasoning_item(item["id"], text, status=status)

    def _whole_call(self, kind: str, item: Fields) -> None:
        if kind in _ARGUMENTS:
            self._added({**item, "status": IN_PROGRESS, "arguments": ""}, kept=item)
            if kind == "mcp_call":
                self.say("response.mcp_call.in_progress", **self._place())
            self._arguments(item)
            if kind == "mcp_call" and item["status"] in (COMPLETED, FAILED):
                self.say(f"response.mcp_call.{item['status']}", **self._place())
        else:
            self._added(item)
        self._done(len(self.items) - 1)

    def _arguments(self, item: Fields) -> None:
        kind = _ARGUMENTS[item["type"]]
        place = self._place()
        self.say(f"{kind}.delta", **place, delta=item["arguments"])
        name = {"name": item["name"]} if item["type"] == "function_call" else {}
        self.say(f"{kind}.done", **place, arguments=item["arguments"], **name)

    def _added(self, item: Fields, *, kept: Fields | None = None) -> None:
        self.items.append(item if kept is None else kept)
        self.say("response.output_item.added", output_index=len(self.items) - 1, item=item)

    def _done(self, position: int) -> None:
        item = self.items[position]
        self.say("response.output_item.done", output_index=position, item=item)

    def _place(self, **more: int) -> Fields:
        last = len(self.items) - 1
        return {"item_id": self.items[last]["id"], "output_index": last, **more}

    def _next(self) -> int:
        sequence = self.sequence
        self.sequence = sequence + 1
        return sequence


__all__ = ["ItemTeller"]
