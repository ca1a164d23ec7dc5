"""What somebody says, as an answer to what they were asked. Pure.

A chat has one field to write in. What is written there becomes the value that the question wants:
the text itself, a number, yes or no, whatever its schema takes.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from agent_host.errors import InvalidInputError
from agent_host.types.json import JsonValue
from agent_host.types.message import Message
from agent_host.types.part import DataPart
from agent_host.types.question import Question

_WORDS: Final[Mapping[str, bool]] = {
    "approve": True,
    "approved": True,
    "deny": False,
    "denied": False,
    "false": False,
    "n": False,
    "no": False,
    "ok": True,
    "reject": False,
    "true": True,
    "y": True,
    "yes": True,
}
_TEXT_LIMIT: Final = 64 * 1024


def spoken_values(
    questions: Sequence[Question], said: Sequence[Message]
) -> Mapping[str, JsonValue]:
    """The values of all questions, by their ids. Several are answered on a line each, in their
    order; a part of data is the value of the only question as it is.

    Raises:
        InvalidInputError: it is no answer to these, or one is none that words can answer.
    """
    if any(question.kind == "client_tool" for question in questions):
        raise InvalidInputError("The agent waits for the output of a tool, and not for a message.")
    data = [part.data for message in said for part in message.parts if isinstance(part, DataPart)]
    if len(data) == len(questions) == 1:
        return {questions[0].id: data[0]}
    text = "\n".join(message.text for message in said).strip()
    if len(questions) == 1:
        return {questions[0].id: _value(questions[0], text)}
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) != len(questions):
        raise InvalidInputError(
            f"The agent asked {len(questions)} questions: answer each on a line of its own, in "
            "their order."
        )
    return {
        question.id: _value(question, line) for question, line in zip(questions, lines, strict=True)
    }


def _value(question: Question, text: str) -> JsonValue:
    """The first reading of the text that the question takes; else the text."""
    decided = _WORDS.get(text.casefold().rstrip(".!"))
    if question.schema is None:
        if question.kind != "approval":
            return text
        if decided is None:
            raise InvalidInputError("Answer yes or no.")
        return decided
    readings: list[JsonValue] = [text]
    if decided is not None:
        readings.append(decided)
    if len(text) <= _TEXT_LIMIT:
        with suppress(ValueError, RecursionError):
            readings.append(json.loads(text))
    from agent_host.host.run.answer_schema import find_problems  # noqa: PLC0415 - see there

    for reading in readings:
        if next(find_problems(question.schema, reading), None) is None:
            return reading
    return text


__all__ = ["spoken_values"]
