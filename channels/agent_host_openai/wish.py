"""What both APIs let a caller wish for: metadata, tools, the form of the answer. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from agent_host.types import JsonObject, JsonValue
from agent_host_openai import schema
from agent_host_openai.problem import checked, invalid, missing, unsupported

Options: TypeAlias = dict[str, Any]

RESERVED: Final = "openai"
"""The member of a run's metadata that is this channel's own."""

_CHOICES: Final = ("none", "auto", "required")
_NO_BUILT_INS: Final = "this host has tools of its own; from a caller it takes functions"


def to_metadata(value: JsonValue, param: str = "metadata") -> dict[str, str]:
    """Up to 16 pairs of text.

    Raises:
        WireError: it is something else, or has the reserved member.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise invalid(param, "should be an object")
    if len(value) > schema.METADATA_LIMIT_KEYS:
        raise invalid(param, f"should have at most {schema.METADATA_LIMIT_KEYS} members")
    pairs: dict[str, str] = {}
    for key, text in value.items():
        if len(key) > schema.METADATA_KEY_LIMIT:
            raise invalid(param, f"should have keys of at most {schema.METADATA_KEY_LIMIT}")
        if not isinstance(text, str) or len(text) > schema.METADATA_VALUE_LIMIT:
            text_rule = f"should have strings of at most {schema.METADATA_VALUE_LIMIT} as values"
            raise invalid(param, text_rule)
        pairs[key] = text
    if RESERVED in pairs:
        raise invalid(param, f"should not have the member '{RESERVED}', which is the host's own")
    return pairs


def to_tools(value: JsonValue, *, nested: bool) -> tuple[JsonObject, ...]:
    """The caller's functions, each `{type, name, description, parameters, strict}`; `nested` says
    that the wire has them under `function`, as Chat Completions does.

    Raises:
        WireError: one is no function, or two share a name.
    """
    tools: list[JsonObject] = []
    names: set[str] = set()
    for position, tool in enumerate(listed(value, "tools", schema.TOOLS_LIMIT)):
        param = f"tools[{position}]"
        if not isinstance(tool, Mapping):
            raise invalid(param, "should be an object")
        if tool.get("type") != "function":
            raise unsupported(f"{param}.type", _NO_BUILT_INS)
        if nested:
            tool, param = tool.get("function"), f"{param}.function"  # noqa: PLW2901
            if not isinstance(tool, Mapping):
                raise missing(param)
        function = checked(schema.FunctionTool, tool, param)
        if function.name in names:
            raise invalid(f"{param}.name", "should not be the name of another tool")
        names.add(function.name)
        tools.append({"type": "function", **function.model_dump()})
    return tuple(tools)


def to_tool_choice(value: JsonValue, tools: Sequence[JsonObject]) -> JsonValue:
    """`none`, `auto`, `required`, or `{type: function, name}`; None where the caller says nothing.

    Raises:
        WireError: it is something else, or names no tool.
    """
    if value is None or value in _CHOICES:
        return value
    if isinstance(value, Mapping) and value.get("type") == "function":
        inner = value.get("function", value)
        name = inner.get("name") if isinstance(inner, Mapping) else None
        if any(tool["name"] == name for tool in tools):
            return {"type": "function", "name": name}
        raise invalid("tool_choice", "should name one of the tools")
    if isinstance(value, Mapping):
        raise unsupported("tool_choice", _NO_BUILT_INS)
    raise invalid("tool_choice", f"should be one of {', '.join(_CHOICES)}, or a function")


def to_format(value: JsonValue, param: str) -> JsonObject | None:
    """The form of the answer, `{type, name, schema, ...}` in the flat form of Responses; None for
    plain text.

    Raises:
        WireError: it is none that is known.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise invalid(param, "should be an object")
    kind = value.get("type")
    if kind == "text":
        return None
    if kind == "json_object":
        return {"type": "json_object"}
    if kind != "json_schema":
        raise invalid(f"{param}.type", "should be one of text, json_object, json_schema")
    inner = value.get("json_schema")
    if isinstance(inner, Mapping):
        value, param = inner, f"{param}.json_schema"
    name, form = value.get("name"), value.get("schema")
    if not isinstance(name, str):
        raise missing(f"{param}.name")
    if not isinstance(form, Mapping):
        raise missing(f"{param}.schema")
    described = {} if value.get("description") is None else {"description": value["description"]}
    return {
        "type": "json_schema",
        "name": name,
        **described,
        "schema": form,
        "strict": value.get("strict"),
    }


def listed(value: JsonValue, param: str, limit: int) -> Sequence[JsonValue]:
    """A list of at most so many; nothing for null.

    Raises:
        WireError: it is none.
    """
    if value is None:
        return ()
    if isinstance(value, str | Mapping) or not isinstance(value, Sequence):
        raise invalid(param, "should be a list")
    if len(value) > limit:
        raise invalid(param, f"should have at most {limit} items")
    return value


def given(**options: object) -> Options:
    """Those that are not None."""
    return {name: value for name, value in options.items() if value is not None}


__all__ = [
    "RESERVED",
    "Options",
    "given",
    "listed",
    "to_format",
    "to_metadata",
    "to_tool_choice",
    "to_tools",
]
