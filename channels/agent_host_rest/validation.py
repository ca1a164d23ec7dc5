"""Turns what a wire model complains about into `InvalidInputError`: the field's path, and what to
do about it. Never repeats a value the caller sent, and a name only cut short.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from agent_host.errors import InvalidInputError
from agent_host.types import JsonValue
from agent_host_rest.schema import ITEMS_LIMIT, PART_MODELS, SESSION_RULE, WireModel

Model = TypeVar("Model", bound=WireModel)
Path = tuple[str | int, ...]

_PROBLEMS_LIMIT: Final = 20
_NAME_LIMIT: Final = 64
_MEMBERS_LIMIT: Final = 64
_TEXT_LIMIT: Final = 200
_PART_TYPES: Final = ", ".join(f"'{name}'" for name in PART_MODELS)


def invalid(*problems: tuple[Path, str]) -> InvalidInputError:
    """The error for these fields; its text repeats the first for readers of `detail` alone."""
    told = tuple((_dotted(path), text) for path, text in problems[:_PROBLEMS_LIMIT])
    field, text = told[0]
    return InvalidInputError(f"The request is not valid: {field}: {text}.", told)


def checked(model: type[Model], value: Mapping[str, JsonValue], path: Path = ()) -> Model:
    """`value` as a `model`.

    Raises:
        InvalidInputError: it is none; the problems' paths begin with `path`.
    """
    _refuse_crowd(value, path)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=True, include_input=False)
        raise invalid(*(_problem(model, detail, path) for detail in details)) from None


def unknown_field(name: str, known: Sequence[str]) -> str:
    """What to say about a member nobody knows, naming the nearest that is known."""
    close = get_close_matches(name[:_NAME_LIMIT], known, n=1)
    hint = f'did you mean "{close[0]}"?' if close else f"known are {', '.join(known)}"
    return f"is not a known field; {hint}"


def _refuse_crowd(value: Mapping[str, JsonValue], path: Path) -> None:
    """Pydantic writes a complaint about every unknown member and every bad item, which for millions
    of them takes gigabytes; so look at the numbers first.
    """
    if len(value) > _MEMBERS_LIMIT:
        raise invalid((path, "has too many members"))
    parts = value.get("parts")
    if isinstance(parts, str) or not isinstance(parts, Sequence):
        return
    if len(parts) > ITEMS_LIMIT:
        raise invalid(((*path, "parts"), f"should have at most {ITEMS_LIMIT} items"))
    for index, part in enumerate(parts):
        if isinstance(part, Mapping) and len(part) > _MEMBERS_LIMIT:
            raise invalid(((*path, "parts", index), "has too many members"))


def _problem(model: type[WireModel], detail: ErrorDetails, path: Path) -> tuple[Path, str]:
    place: list[str | int] = []
    owner = model
    steps = list(detail["loc"])
    while steps:
        step = steps.pop(0)
        place.append(step)
        if len(place) > 1 and place[-2] == "parts" and steps and steps[0] in PART_MODELS:
            owner = PART_MODELS[str(steps.pop(0))]
    kind = detail["type"]
    if kind == "extra_forbidden":
        text = unknown_field(str(place[-1]), list(owner.model_fields))
    elif kind.startswith("union_tag"):
        place.append("type")
        text = f"should be one of {detail.get('ctx', {}).get('expected_tags', _PART_TYPES)}"
    elif kind == "string_pattern_mismatch" and place[-1] == "session_id":
        text = SESSION_RULE
    else:
        text = detail["msg"][:1].lower() + detail["msg"][1:_TEXT_LIMIT]
    return (*path, *place), text


def _dotted(path: Path) -> str:
    return ".".join(str(step)[:_NAME_LIMIT] for step in path) or "body"


__all__ = ["Path", "checked", "invalid", "unknown_field"]
