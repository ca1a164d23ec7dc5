"""Answers held against a question's JSON Schema (draft 2020-12). The one file that uses jsonschema.

It is imported when the first question with a schema is asked: most hosts never ask one.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError

from agent_host.errors import FailureCode, TargetError
from agent_host.types.json import JsonObject, JsonValue


class _Validator(Protocol):
    """What is used of jsonschema, whose own stubs leave types open."""

    def iter_errors(self, instance: object, /) -> Iterator[ValidationError]: ...


def check_schema(schema: JsonObject) -> None:
    """Return if it is a JSON Schema.

    Raises:
        TargetError: it is none.
    """
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        message = "The agent asked with a schema that is none."
        raise TargetError(message, code=FailureCode.TARGET_PROTOCOL) from error


def find_problems(schema: JsonObject, value: JsonValue) -> Iterator[tuple[str, str]]:
    """Where the value does not fit, as a dotted path (empty for the whole), and why."""
    validator = cast("_Validator", Draft202012Validator(schema))
    for error in validator.iter_errors(value):
        path = cast("Sequence[object]", error.absolute_path)
        yield ".".join(str(step) for step in path), error.message


__all__ = ["check_schema", "find_problems"]
