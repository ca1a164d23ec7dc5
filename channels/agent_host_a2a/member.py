"""Reads members of a JSON object by the rules of ProtoJSON: a name in camelCase or snake_case, null
for not set, numbers perhaps as text. Pure.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, cast

from agent_host.types import JsonObject, JsonValue
from agent_host_a2a.fault import invalid
from agent_host_a2a.schema import NAME_LIMIT

_CAPITAL: Final = re.compile(r"[A-Z]")
_INTEGER: Final = re.compile(r"-?[0-9]{1,10}")
_INTEGER_LIMIT: Final = 2**31 - 1


class Members:
    """One object, and the path to it for what there is to complain about."""

    __slots__ = ("_fields", "_has_snake_case", "_path")

    def __init__(self, fields: Mapping[str, JsonValue], path: str = "") -> None:
        self._fields = fields
        self._path = path
        # Hardly anybody writes so, and then there is nothing to look up twice.
        self._has_snake_case = "_" in "".join(fields)

    def path(self, name: str) -> str:
        """Where a member is."""
        return f"{self._path}.{name}" if self._path else name

    def get(self, name: str) -> JsonValue:
        """The member as it is; None if it is not set."""
        value = self._fields.get(name)
        if value is None and self._has_snake_case:
            return self._fields.get(_snake_case(name))
        return value

    def text(self, name: str) -> str | None:
        """A string; None if it is not set."""
        value = self.get(name)
        if value is None or isinstance(value, str):
            return value
        raise invalid(self.path(name), "should be a string")

    def identifier(self, name: str) -> str | None:
        """An id of somebody's making; None if it is not set or empty."""
        value = self.text(name)
        if not value:
            return None
        if len(value) > NAME_LIMIT or not value.isprintable():
            raise invalid(self.path(name), f"should have 1 to {NAME_LIMIT} printable characters")
        return value

    def required_identifier(self, name: str) -> str:
        """An id that must be there."""
        value = self.identifier(name)
        if value is None:
            raise invalid(self.path(name), "is required")
        return value

    def boolean(self, name: str) -> bool | None:
        """True or false; None if it is not set."""
        value = self.get(name)
        if value is None or isinstance(value, bool):
            return value
        raise invalid(self.path(name), "should be true or false")

    def integer(self, name: str, *, least: int) -> int | None:
        """An integer of 32 bits from `least` on; None if it is not set."""
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, str) and _INTEGER.fullmatch(value):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if type(value) is int and least <= value <= _INTEGER_LIMIT:
            return value
        raise invalid(self.path(name), f"should be an integer from {least}")

    def time(self, name: str) -> datetime | None:
        """A time of RFC 3339; None if it is not set."""
        value = self.text(name)
        if not value:
            return None
        try:
            time = datetime.fromisoformat(value)
        except ValueError:
            time = None
        if time is None or time.tzinfo is None:
            raise invalid(self.path(name), "should be a time such as 2026-01-31T12:00:00.000Z")
        return time

    def object(self, name: str) -> JsonObject | None:
        """An object as it is; None if it is not set."""
        value = self.get(name)
        if value is None:
            return None
        if isinstance(value, dict):
            return cast("dict[str, Any]", value)
        raise invalid(self.path(name), "should be an object")

    def members(self, name: str) -> "Members | None":
        """An object, to be read; None if it is not set."""
        value = self.object(name)
        return None if value is None else Members(value, self.path(name))

    def items(self, name: str, *, most: int) -> Sequence[JsonValue]:
        """A list; an empty one if it is not set."""
        value = self.get(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise invalid(self.path(name), "should be a list")
        items = value
        if len(items) > most:
            raise invalid(self.path(name), f"should have at most {most} items")
        return items

    def texts(self, name: str, *, most: int) -> tuple[str, ...]:
        """A list of strings."""
        items = self.items(name, most=most)
        if not all(isinstance(item, str) for item in items):
            raise invalid(self.path(name), "should be a list of strings")
        return tuple(cast("Sequence[str]", items))


@lru_cache(maxsize=256)
def _snake_case(name: str) -> str:
    return _CAPITAL.sub(lambda capital: f"_{capital[0].lower()}", name)


__all__ = ["Members"]
