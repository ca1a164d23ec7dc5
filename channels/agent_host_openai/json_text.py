"""JSON in and out: bodies of bounded nesting, text of any value. Pure."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import orjson
from pydantic_core import from_json, to_json

from agent_host.errors import RequestError
from agent_host.types import JsonValue
from agent_host_openai.problem import invalid

_NESTING: Final = frozenset({dict, list})
_PERHAPS_INFINITE: Final = re.compile(rb"[0-9][eE]\+?[0-9]{3}|[0-9]{300}")


def json_bytes(value: object) -> bytes:
    """UTF-8 JSON; a number that JSON cannot say becomes null, and so does half a surrogate pair
    become a replacement character.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        try:  # the slower one also takes integers beyond 64 bits
            return to_json(value, inf_nan_mode="null")
        except ValueError:
            return to_json(_mended(value), inf_nan_mode="null")


def json_text(value: object) -> str:
    """The same as text; a text is itself."""
    return value if isinstance(value, str) else json_bytes(value).decode()


def parse_body(raw: bytes, *, nesting_limit: int) -> Mapping[str, JsonValue]:
    """The JSON object in `raw`.

    Raises:
        RequestError: it is not UTF-8 JSON (RFC 8259), or nested too deeply, or has a number that
            no double can hold.
        WireError: it is no object.
    """
    try:
        value: JsonValue = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        if "recursion limit" in str(error):
            raise _too_deep(nesting_limit) from None
        message = f"We could not parse the JSON body of your request: {error}."
        raise RequestError(message) from None
    if raw.count(b"[") + raw.count(b"{") > nesting_limit:
        _check_nesting(value, nesting_limit)
    if _PERHAPS_INFINITE.search(raw):
        _check_numbers(value)
    if not isinstance(value, Mapping):
        raise invalid(None, "should be a JSON object")
    return value


def parse_text(text: str) -> JsonValue:
    """The JSON value a text holds, or the text itself if it holds none."""
    try:
        value: JsonValue = from_json(text, allow_inf_nan=False)
    except ValueError:
        return text
    return value


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


def _check_numbers(root: JsonValue) -> None:
    level: list[Any] = [root] if type(root) in _NESTING else []
    while level:
        children = [child for value in level for child in _children(value)]
        if any(type(child) is float and math.isinf(child) for child in children):
            message = "The body has a number that is too large."
            raise RequestError(message)
        level = [child for child in children if type(child) in _NESTING]


def _children(value: Any) -> Iterable[Any]:  # noqa: ANN401 - JSON, as `JsonValue` is at run time
    return cast("dict[str, Any]", value).values() if isinstance(value, dict) else value


def _too_deep(nesting_limit: int) -> RequestError:
    return RequestError(f"The body is nested more than {nesting_limit} levels deep.")


__all__ = ["json_bytes", "json_text", "parse_body", "parse_text"]
