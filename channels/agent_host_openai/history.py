"""Turns within a session's messages, and the messages as items. Pure.

The first message of a turn is marked (`inbound.MARK`), unless it is the first of the session. A
chain of responses is one session as long as each goes on from the last; one that goes on from an
earlier one begins a session of its own, with the messages up to there.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Final

from agent_host.types import FilePart, Message, RunResult
from agent_host_openai.inbound import MARK
from agent_host_openai.output import items_of, to_text
from agent_host_openai.question import Fields

_ROLES: Final = {"user": "user", "system": "system"}


def newest_mark(messages: Sequence[Message]) -> str | None:
    """The mark of the newest turn; None where no message has one."""
    for message in reversed(messages):
        mark = message.metadata.get(MARK)
        if isinstance(mark, str):
            return mark
    return None


def turn_start(messages: Sequence[Message], mark: str | None) -> int | None:
    """Where the turn with this mark begins; None if it is not there. The first of a session has
    none, so for that the messages have to be all.
    """
    if mark is None:
        return 0
    places = (place for place, message in enumerate(messages) if message.metadata.get(MARK) == mark)
    return next(places, None)


def turn_end(messages: Sequence[Message], mark: str | None) -> int | None:
    """Where the turn with this mark ends, and another may begin; None if it is not there."""
    start = turn_start(messages, mark)
    if start is None:
        return None
    places = range(start + 1, len(messages))
    return next((place for place in places if MARK in messages[place].metadata), len(messages))


def items_of_messages(messages: Iterable[Message], *, server_label: str) -> list[Fields]:
    """The items that a conversation has, oldest first."""
    items: list[Fields] = []
    answer: list[Message] = []
    for message in messages:
        if message.role in _ROLES:
            items += _answered(answer, server_label)
            items.append(_said(message))
        else:
            answer.append(message)
    return items + _answered(answer, server_label)


def _answered(answer: list[Message], server_label: str) -> list[Fields]:
    if not answer:
        return []
    tail = (answer[0].id or "").removeprefix("msg_")
    items = items_of(RunResult(messages=tuple(answer)), tail=tail, server_label=server_label)
    answer.clear()
    return items


def _said(message: Message) -> Fields:
    return {
        "id": message.id,
        "type": "message",
        "status": "completed",
        "role": _ROLES[message.role],
        "content": [
            _file(part) if isinstance(part, FilePart) else _text(to_text(part))
            for part in message.parts
        ]
        or [_text("")],
    }


def _text(text: str) -> Fields:
    return {"type": "input_text", "text": text}


def _file(part: FilePart) -> Fields:
    url = part.uri
    encoded = ""
    if part.data is not None:
        encoded = b64encode(part.data).decode("ascii")
        url = f"data:{part.media_type};base64,{encoded}"
    if part.media_type.startswith("image/"):
        return {"type": "input_image", "detail": "auto", "image_url": url, "file_id": None}
    file: Fields = {"type": "input_file", "file_id": None}
    if part.name is not None:
        file["filename"] = part.name
    if part.uri is not None:
        file["file_url"] = part.uri
    elif part.data is not None:
        file["file_data"] = url
    return file


__all__ = ["items_of_messages", "newest_mark", "turn_end", "turn_start"]
