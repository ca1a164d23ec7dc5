"""JSON as a type: what may stand in options, metadata, tool arguments and structured answers.

The recursive alias is for type checkers; at run time it is `Any`, so that validation libraries
accept the values without walking a recursive schema on the hot path.
"""

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    JsonValue: TypeAlias = (
        str | int | float | bool | Sequence["JsonValue"] | Mapping[str, "JsonValue"] | None
    )
    JsonObject: TypeAlias = Mapping[str, JsonValue]
else:
    JsonValue: TypeAlias = Any
    JsonObject: TypeAlias = dict[str, Any]

__all__ = ["JsonObject", "JsonValue"]
