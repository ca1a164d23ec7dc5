"""The list of options that everything else is derived from."""

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, JsonValue, SecretStr

from agent_host.settings.option import Option, OptionKind, format_value, list_options


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Inner(BaseModel):
    pause: timedelta | None = None


class Config(BaseModel):
    token: SecretStr = Field(description="The bot's token.")
    older: list[SecretStr] | None = None
    ratio: float = Field(default=0.5, gt=0, lt=1)
    colour: Colour = Colour.RED
    shade: Literal["light", "dark"] = "dark"
    folder: Path = Path("here")
    rules: dict[str, JsonValue] = {"a": [1, "x"]}
    seen: frozenset[str] = frozenset()
    room_bytes: Annotated[int, Field(ge=1024)] = 2048
    odd_bytes: int = 1000
    either: str | int = "x"
    idle: Annotated[timedelta, Field(gt=timedelta())] | None = None
    inner: Inner = Inner()


@pytest.fixture
def options() -> dict[str, Option]:
    listed = list_options({"chat": Config})
    return {option.key.removeprefix("channels.chat."): option for option in listed}


def test_settings_come_first_and_channels_have_their_switch(options: dict[str, Option]) -> None:
    assert next(iter(options)) == "target"
    assert options["enabled"].path == ("channels", "chat", "enabled")
    assert options["inner.pause"].variable == "AGENT_HOST_CHANNELS__CHAT__INNER__PAUSE"
    assert "channels" not in options


@pytest.mark.parametrize(
    ("name", "kind", "expects"),
    [
        ("token", OptionKind.TEXT, "text"),
        ("older", OptionKind.STRUCTURED, "a list or table"),
        ("ratio", OptionKind.NUMBER, "a number above 0 below 1"),
        ("colour", OptionKind.CHOICE, 'one of "red", "blue"'),
        ("shade", OptionKind.CHOICE, 'one of "light", "dark"'),
        ("folder", OptionKind.TEXT, "text"),
        ("rules", OptionKind.STRUCTURED, "a list or table"),
        ("seen", OptionKind.STRUCTURED, "a list or table"),
        ("room_bytes", OptionKind.SIZE, "a size from 1KiB"),
        ("idle", OptionKind.DURATION, "a duration"),
        ("either", OptionKind.STRUCTURED, "a list or table"),
        ("inner.pause", OptionKind.DURATION, "a duration"),
        ("server.port", OptionKind.INTEGER, "an integer from 0 to 65535"),
        ("server.insecure", OptionKind.BOOLEAN, "true or false"),
        ("server.grace", OptionKind.DURATION, "a duration"),
    ],
)
def test_the_kind_follows_the_type(
    options: dict[str, Option], name: str, kind: OptionKind, expects: str
) -> None:
    assert (options[name].kind, options[name].expects) == (kind, expects)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("token", SecretStr("s3cret"), '"********"'),
        ("older", [SecretStr("s3cret")], '"********"'),
        ("older", None, "null"),
        ("colour", Colour.BLUE, '"blue"'),
        ("folder", Path("a/b"), '"a/b"'),
        ("rules", {"a": [1, "x", {"b": True}]}, '{"a" = [1, "x", {"b" = true}]}'),
        ("room_bytes", 2048, '"2KiB"'),
        ("odd_bytes", 1000, "1000"),
        ("inner.pause", timedelta(minutes=90), '"1h30m"'),
        ("server.insecure", True, "true"),
        ("server.port", 80, "80"),
    ],
)
def test_a_value_is_written_as_toml_and_a_secret_is_not(
    options: dict[str, Option], name: str, value: object, text: str
) -> None:
    assert format_value(options[name], value) == text


def test_required_options_have_no_default(options: dict[str, Option]) -> None:
    assert options["token"].required
    assert options["token"].secret
    assert options["token"].default is None
    assert not options["ratio"].required
