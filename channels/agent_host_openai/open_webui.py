"""Open WebUI's own requests: titles, tags and the like for a chat, marked by a header. Pure.

They are answered here, in the form it expects, and start no turn: they are about how a chat looks
in its list, and an agent that may act should not be woken for that.
https://docs.openwebui.com/features/chat-features
"""

import re
from typing import Final

from agent_host.wire.json_text import json_text
from agent_host_openai.item import ItemInput

HEADER: Final = b"x-openwebui-task"

_TITLE_LIMIT: Final = 48
_FIRST_SAID: Final = re.compile(r"(?:^|\n)\s*USER:\s*(.+)")
_EMPTY: Final[dict[str, object]] = {
    "follow_up_generation": {"follow_ups": []},
    "tags_generation": {"tags": []},
    "query_generation": {"queries": []},
    "image_prompt_generation": {"prompt": ""},
    "autocomplete_generation": {"text": ""},
    "function_calling": {"tool_calls": []},
}


def task_answer(task: bytes | None, given: ItemInput) -> str | None:
    """The text of the answer; None for what is an ordinary turn."""
    if task is None:
        return None
    name = task.decode("latin-1").strip().lower()
    if name == "title_generation":
        return json_text({"title": _title(given)})
    if name == "emoji_generation":
        return "💬"
    empty = _EMPTY.get(name)
    return None if empty is None else json_text(empty)


def _title(given: ItemInput) -> str:
    """The beginning of what the person said first."""
    said = "\n".join(message.text for message in given.messages if message.role == "user")
    found = _FIRST_SAID.search(said)
    words = (found[1] if found else "New Chat").split()
    title = ""
    for word in words:
        if title and len(title) + 1 + len(word) > _TITLE_LIMIT:
            return f"{title}…"
        title = f"{title} {word}".strip()
    return title[:_TITLE_LIMIT]


__all__ = ["HEADER", "task_answer"]
