"""The list of single options behind settings models: path, kind, default, description.

Everything that has to know which options exist reads it: the sources, the error messages, the
commented file, the reference page. Works on any pydantic model, so on a channel's `Config` too.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, StrEnum
from types import NoneType, UnionType
from typing import Annotated, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, JsonValue, SecretBytes, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from agent_host.settings.model import ChannelSettings, Settings
from agent_host.settings.unit import format_duration, format_size, parse_duration, parse_size

CHANNELS: Final = "channels"
"""The one table whose keys are names, not options."""

PREFIX: Final = "AGENT_HOST_"
"""How every variable of ours begins."""


class OptionKind(StrEnum):
    """How an option is written. `STRUCTURED` is a list or a table; JSON in the environment."""

    TEXT = "text"
    BOOLEAN = "true or false"
    INTEGER = "an integer"
    NUMBER = "a number"
    CHOICE = "one of"
    DURATION = "a duration"
    SIZE = "a size"
    STRUCTURED = "a list or table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One thing that can be set. `default` is None for "not set"; a `required` one has none."""

    path: tuple[str, ...]
    kind: OptionKind
    expects: str
    description: str
    default: object
    required: bool
    secret: bool

    @property
    def key(self) -> str:
        """The path as it is written in TOML."""
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return PREFIX + "__".join(self.path).upper()


def list_options(channels: Mapping[str, type[BaseModel]]) -> tuple[Option, ...]:
    """Every option of the settings, then of these channels by name, in the order of the models."""
    options = list(_walk(Settings, ()))
    for name, config in channels.items():
        prefix = (CHANNELS, name)
        options += _walk(ChannelSettings, prefix)
        options += _walk(config, prefix)
    return tuple(options)


def list_channel_options(name: str, config: type[BaseModel]) -> tuple[Option, ...]:
    """Every option of one channel's own model."""
    return tuple(_walk(config, (CHANNELS, name)))


def read_units(option: Option, value: object) -> object:
    """The value with its unit read, where the option is a duration or a size.

    A channel's `Config` declares plain `timedelta` and `int`; this is what gives it `30s` and
    `8MiB` like every other setting.

    Raises:
        ValueError: it is no such thing; the text says what is expected.
    """
    if option.kind is OptionKind.DURATION and value is not None:
        return parse_duration(value)
    if option.kind is OptionKind.SIZE and value is not None:
        return parse_size(value)
    return value


def format_value(option: Option, value: object) -> str:
    """A value as it would be written in TOML; a secret as asterisks."""
    if option.secret and value:
        return '"********"'
    if isinstance(value, timedelta):
        return json.dumps(format_duration(value))
    if option.kind is OptionKind.SIZE and isinstance(value, int):
        text = format_size(value)
        return text if text.isdigit() else json.dumps(text)
    return _to_toml(to_jsonable_python(value, fallback=str))


def _to_toml(value: JsonValue) -> str:
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key)} = {_to_toml(inner)}" for key, inner in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_to_toml(inner) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _walk(model: type[BaseModel], prefix: tuple[str, ...]) -> Iterator[Option]:
    for name, field in model.model_fields.items():
        path = (*prefix, name)
        if path == (CHANNELS,):
            continue
        annotation = _plain(field.annotation)
        section = _as_model(annotation)
        if section is None:
            yield _to_option(path, field, annotation)
        else:
            yield from _walk(section, path)


def _as_model(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return None


def _to_option(path: tuple[str, ...], field: FieldInfo, annotation: object) -> Option:
    kind = _kind(path[-1], annotation)
    required = field.is_required()
    return Option(
        path=path,
        kind=kind,
        expects=_expects(kind, field, annotation),
        description=field.description or "",
        default=None if required else field.get_default(call_default_factory=True),
        required=required,
        secret=_holds_secret(annotation),
    )


def _plain(annotation: object) -> object:
    """Without `Annotated` around it and without `None` beside it."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        members = [member for member in get_args(annotation) if member is not NoneType]
        if len(members) == 1:
            return _plain(members[0])
    return annotation


_KINDS: Final[tuple[tuple[type, OptionKind], ...]] = (
    (bool, OptionKind.BOOLEAN),
    (Enum, OptionKind.CHOICE),
    (int, OptionKind.INTEGER),
    (float, OptionKind.NUMBER),
    (timedelta, OptionKind.DURATION),
    (list, OptionKind.STRUCTURED),
    (dict, OptionKind.STRUCTURED),
    (tuple, OptionKind.STRUCTURED),
    (set, OptionKind.STRUCTURED),
    (frozenset, OptionKind.STRUCTURED),
)


def _kind(name: str, annotation: object) -> OptionKind:
    if get_origin(annotation) is Literal:
        return OptionKind.CHOICE
    if not isinstance(annotation, type) or get_origin(annotation) is not None:
        return OptionKind.STRUCTURED
    kind = next((kind for known, kind in _KINDS if issubclass(annotation, known)), OptionKind.TEXT)
    if kind is OptionKind.INTEGER and "bytes" in name.split("_"):
        return OptionKind.SIZE
    return kind


def _holds_secret(annotation: object) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, (SecretStr, SecretBytes)):
        return True
    return any(_holds_secret(member) for member in get_args(annotation))


def _expects(kind: OptionKind, field: FieldInfo, annotation: object) -> str:
    if kind is OptionKind.CHOICE:
        choices = get_args(annotation)
        if isinstance(annotation, type) and issubclass(annotation, Enum):
            choices = tuple(member.value for member in annotation)
        return f"{kind} " + ", ".join(json.dumps(choice) for choice in choices)
    if annotation == list[str]:
        return 'a list such as ["one", "two"]'
    return " ".join([kind, *_bounds(kind, field)])


def _bounds(kind: OptionKind, field: FieldInfo) -> Iterator[str]:
    for rule in field.metadata:
        for attribute, word in (("ge", "from"), ("gt", "above"), ("le", "to"), ("lt", "below")):
            bound = getattr(rule, attribute, None)
            if isinstance(bound, timedelta):
                yield f"{word} {format_duration(bound)}"
            elif kind is OptionKind.SIZE and isinstance(bound, int):
                yield f"{word} {format_size(bound)}"
            elif bound is not None:
                yield f"{word} {bound}"


__all__ = [
    "CHANNELS",
    "PREFIX",
    "Option",
    "OptionKind",
    "format_value",
    "list_channel_options",
    "list_options",
    "read_units",
]
