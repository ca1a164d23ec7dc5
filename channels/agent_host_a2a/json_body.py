"""Bytes into a JSON value, and back. Pure."""

from collections.abc import Iterable
from typing import Any, Final, cast

import orjson
from pydantic_core import from_json, to_json

from agent_host.types import JsonValue
from agent_host_a2a.fault import Fault, FaultError

_NESTING: Final = frozenset({dict, list})


def parse_json(raw: bytes, *, nesting_limit: int) -> JsonValue:
    """The JSON value in `raw`.

    Raises:
        FaultError: it is not UTF-8 JSON (RFC 8259), has a number that no double can hold, or is
            nested too deeply.
    """
    try:
        value: JsonValue = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if "recursion" in str(error):
            raise _too_deep(nesting_limit) from None
        raise FaultError(Fault.PARSE, "The body is not valid JSON.") from None
    if raw.count(b"[") + raw.count(b"{") > nesting_limit:
        _check_nesting(value, nesting_limit)
    return value


def exact_integer(raw: bytes, name: str) -> JsonValue:
    """A member of the object in `raw`, once more and with all its digits: the fast parser makes a
    float of an integer beyond 64 bits.
    """
    return cast("dict[str, JsonValue]", from_json(raw))[name]


def json_bytes(value: object) -> bytes:
    """UTF-8 JSON; a number that JSON cannot say becomes null."""
    try:
        return orjson.dumps(value)
    except TypeError:  # the slower one also takes what orjson does not: integers beyond 64 bits
        return to_json(value, inf_nan_mode="null")


def _check_nesting(root: JsonValue, limit: int) -> None:
    level: list[Any] = [root] if type(root) in _NESTING else []
    for _ in range(limit):
        level = [child for value in level for child in _children(value) if type(child) in _NESTING]
        if not level:
            return
    raise _too_deep(limit)


def _children(value: Any) -> Iterable[Any]:  # noqa: ANN401 - JSON, as `JsonValue` is at run time
    return cast("dict[str, Any]", value).values() if isinstance(value, dict) else value


def _too_deep(nesting_limit: int) -> FaultError:
    return FaultError(Fault.REQUEST, f"The body is nested more than {nesting_limit} levels deep.")


__all__ = ["exact_integer", "json_bytes", "parse_json"]
