"""The JSON object that a request's body is. Pure."""

from collections.abc import Mapping

from agent_host.types import JsonValue
from agent_host.wire.json_text import parse_json
from agent_host_openai.problem import invalid


def parse_body(raw: bytes, *, nesting_limit: int) -> Mapping[str, JsonValue]:
    """The JSON object in `raw`.

    Raises:
        MalformedJsonError, NestingError: it is no JSON of that depth.
        WireError: it is no object.
    """
    value = parse_json(raw, nesting_limit=nesting_limit)
    if not isinstance(value, Mapping):
        raise invalid(None, "should be a JSON object")
    return value


__all__ = ["parse_body"]
