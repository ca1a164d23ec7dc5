"""Typed input: what a target that asks for a model is given, and what is wrong when it is not.

Pure functions; problems name a field and a rule, never the value.
"""

from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from agent_host.errors import InvalidInputError
from agent_host.types.part import DataPart
from agent_host.types.turn import Turn

T = TypeVar("T")


def validation_problems(error: ValidationError) -> tuple[tuple[str, str], ...]:
    """Every problem as (field, rule); a problem of the whole is called `input`."""
    return tuple(
        (".".join(str(step) for step in problem["loc"]) or "input", problem["msg"])
        for problem in error.errors(include_url=False, include_context=False, include_input=False)
    )


def was_made_by_hook(turn: Turn) -> bool:
    """Whether a run hook put its own value in place of the messages."""
    return turn.input is not turn.messages and turn.input != turn.messages


def read_payload(turn: Turn) -> object:
    """The value a typed target is meant to get, not validated yet.

    What a run hook made, else the one data part of the new messages, else their text as JSON.

    Raises:
        InvalidInputError: there is no such value, or more than one data part.
    """
    if was_made_by_hook(turn):
        return turn.input
    found = [
        part for message in turn.messages for part in message.parts if isinstance(part, DataPart)
    ]
    if len(found) > 1:
        message = "The input has several data parts; this agent takes one."
        raise InvalidInputError(message, (("input", "more than one data part"),))
    if found:
        return found[0].data
    try:
        value: object = from_json(turn.text, allow_inf_nan=False)
    except ValueError as error:
        message = "This agent takes JSON: send one data part, or JSON as the text."
        raise InvalidInputError(message, (("input", "not valid JSON"),)) from error
    return value


def read_input(turn: Turn, adapter: TypeAdapter[T]) -> T:
    """The turn's typed input, validated by `adapter`.

    Raises:
        InvalidInputError: with every field that does not fit and the rule it breaks.
    """
    payload = read_payload(turn)
    try:
        return adapter.validate_python(payload)
    except ValidationError as error:
        message = "The input does not have the form this agent takes."
        raise InvalidInputError(message, validation_problems(error)) from error


__all__ = ["read_input", "read_payload", "validation_problems", "was_made_by_hook"]
