"""Expressions over JSON: JMESPath, which can read and compare, and neither loops nor writes."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from agent_host.errors import InvalidInputError, MissingExtraError
from agent_host.types import JsonValue

if TYPE_CHECKING:
    from jmespath.parser import ParsedResult


@lru_cache(maxsize=1024)
def compile_expression(text: str) -> "ParsedResult":
    """The expression, ready to be searched with.

    Raises:
        ValueError: it is none.
        MissingExtraError: the library that reads it is not installed.
    """
    try:
        import jmespath  # noqa: PLC0415 - optional
        from jmespath.exceptions import JMESPathError  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("webhook", "The webhook channel") from error
    try:
        return jmespath.compile(text)
    except JMESPathError as error:
        message = f"not a JMESPath expression: {error}"
        raise ValueError(message) from error


def find(text: str, event: JsonValue) -> JsonValue:
    """What the expression finds; None for nothing.

    Raises:
        InvalidInputError: it cannot be asked of this event.
    """
    from jmespath.exceptions import JMESPathError  # noqa: PLC0415 - it was compiled, so it is there

    try:
        return cast("JsonValue", compile_expression(text).search(event))
    except JMESPathError as error:
        raise InvalidInputError("The event is not of the form that is expected here.") from error


def is_true(value: JsonValue) -> bool:
    """As JMESPath has it: false are false, null, and what is empty. A number is true."""
    if isinstance(value, str | Mapping | Sequence):
        return bool(value)
    return value is not None and value is not False


__all__ = ["compile_expression", "find", "is_true"]
