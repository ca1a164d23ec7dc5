"""What a piece of plain Python gives back, as a `RunResult`."""

import json
from collections.abc import Sequence
from typing import TypeGuard, cast

from pydantic_core import PydanticSerializationError, to_jsonable_python

from agent_host.types.json import JsonValue
from agent_host.types.message import Message
from agent_host.types.result import RunResult


def to_json(value: object) -> JsonValue:
    """`value` as JSON: models, dataclasses, enums, times and the like become what they dump to.

    Bytes become base64; NaN and the infinities become null, as JSON has none.

    Raises:
        TypeError: some part of it has no JSON form; the text names its type only.
    """
    try:
        # The pure-JSON path is taken nearly always; the function itself returns Any.
        return cast(
            "JsonValue", to_jsonable_python(value, bytes_mode="base64", inf_nan_mode="null")
        )
    except (PydanticSerializationError, ValueError, RecursionError) as error:
        message = f"a value of type {type(value).__qualname__} has no JSON form"
        raise TypeError(message) from error


def to_json_text(value: JsonValue) -> str:
    """JSON as a person or a model reads it: not escaped, on one line."""
    return json.dumps(value, ensure_ascii=False)


def _are_messages(value: object) -> TypeGuard[Sequence[Message]]:
    if not isinstance(value, list | tuple) or not value:
        return False
    return all(isinstance(item, Message) for item in cast("Sequence[object]", value))


def to_result(value: object) -> RunResult:
    """The result that `value` stands for.

    A `RunResult` is itself, a `Message` or several are the answer, text is an assistant's message,
    None is an empty answer; anything else becomes `value`, with its JSON as the assistant's text.

    Raises:
        TypeError: it has no JSON form.
    """
    match value:
        case str():
            return RunResult.of_text(value)
        case RunResult():
            return value
        case None:
            return RunResult()
        case Message():
            return RunResult(messages=(value,))
        case _ if _are_messages(value):
            return RunResult(messages=tuple(value))
        case _:
            structured = to_json(value)
            text = to_json_text(structured)
            return RunResult(messages=(Message.assistant(text),), value=structured)


__all__ = ["to_json", "to_json_text", "to_result"]
