"""JSON in and out: bodies of bounded nesting, text of any value. Pure.

orjson reads and writes; integers beyond 64 bits, which it cannot, are left to slower ones.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import orjson
from pydantic_core import from_json, to_json

from agent_host.errors import MalformedJsonError, NestingError
from agent_host.types import JsonValue

_NESTING: Final = frozenset({dict, list})
_TOO_DEEP: Final = re.compile("depth|recursion", re.IGNORECASE)
"""What orjson's versions say of a thousand levels."""

_PERHAPS_BEYOND_64_BITS: Final = re.compile(rb"[0-9]{19}")


def parse_json(raw: bytes, *, nesting_limit: int) -> JsonValue:
    """The JSON value in `raw`, integers with all their digits.

    Raises:
        MalformedJsonError: it is not UTF-8 JSON (RFC 8259), or has a number that no double can
            hold.
        NestingError: it is nested too deeply.
    """
    try:
        value: JsonValue = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if _TOO_DEEP.search(str(error)):
            raise _too_deep(nesting_limit) from None
        message = f"The body is not valid JSON: {error}."
        raise MalformedJsonError(message) from None
    if raw.count(b"[") + raw.count(b"{") > nesting_limit:
        _check_nesting(value, nesting_limit)
    if _PERHAPS_BEYOND_64_BITS.search(raw):
        value = json.loads(raw)
    return value


def parse_text(text: str) -> JsonValue:
    """The JSON value a text holds, or the text itself if it holds none."""
    try:
        value: JsonValue = from_json(text, allow_inf_nan=False)
    except ValueError:
        return text
    return value


def json_bytes(value: object) -> bytes:
    """UTF-8 JSON; a number that JSON cannot say becomes null, half a surrogate pair a question
    mark, and a time in UTC ends in `Z`.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_UTC_Z)
    except TypeError:
        try:  # integers beyond 64 bits
            return to_json(value, inf_nan_mode="null")
        except ValueError:
            return to_json(_mended(value), inf_nan_mode="null")


def json_text(value: object) -> str:
    """The same as text; a text is itself."""
    return value if isinstance(value, str) else json_bytes(value).decode()


def _mended(value: Any) -> Any:  # noqa: ANN401 - JSON, as `JsonValue` is at run time
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_mended(key): _mended(item) for key, item in cast("Any", value).items()}
    if isinstance(value, list | tuple):
        return [_mended(item) for item in cast("Iterable[Any]", value)]
    return value


def _check_nesting(root: JsonValue, limit: int) -> None:
    level: list[Any] = [root] if type(root) in _NESTING else []
    for _ in range(limit):
        level = [child for value in level for child in _children(value) if type(child) in _NESTING]
        if not level:
            return
    raise _too_deep(limit)


def _children(value: Any) -> Iterable[Any]:  # noqa: ANN401 - JSON, as `JsonValue` is at run time
    return cast("dict[str, Any]", value).values() if isinstance(value, dict) else value


def _too_deep(nesting_limit: int) -> NestingError:
    return NestingError(f"The body is nested more than {nesting_limit} levels deep.")


__all__ = ["json_bytes", "json_text", "parse_json", "parse_text"]
