"""Where settings are set: one TOML file, the environment, the command line.

Owns how each is read and how each spells the name of a setting. Knows nothing of which settings
exist.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any, Final, cast

from agent_host.errors import ConfigurationError
from agent_host.settings.option import PREFIX
from agent_host.settings.problem import Path

CONFIG_VARIABLE: Final = PREFIX + "CONFIG"
"""Names the TOML file."""

ADMIN_KEY_VARIABLE: Final = PREFIX + "ADMIN_KEY"
"""Holds the key by which an operator's commands reach a host elsewhere."""

OTHER_VARIABLES: Final = {
    ADMIN_KEY_VARIABLE: "The key of `agent-host runs` and `agent-host tasks` with `--url`.",
    CONFIG_VARIABLE: "The TOML file.",
    "AGENT_HOST_DOCS_FOLDER": "The folder that the default target answers from.",
}
"""Variables of ours that are no settings."""

DEFAULT_FILE: Final = "agent-host.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A setting from the command line. `name` is what the person typed, as `--port`."""

    path: Path
    value: object
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who sets something. `root` is the path a variable or flag stands for; a file's is empty."""

    name: str
    root: Path = ()

    @property
    def is_variable(self) -> bool:
        """Whether it is a variable of the environment."""
        return self.name.startswith(PREFIX)

    def spell(self, path: Path) -> str:
        """A path of this source, as its author finds it again."""
        if not self.root:
            return f"{'.'.join(path)} in {self.name}"
        inside = ".".join(path[len(self.root) :])
        return f"{self.name} ({inside})" if inside else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One value, or a table of them, that a source sets."""

    path: Path
    value: object
    source: Source

    @property
    def where(self) -> str:
        """Its place, for messages."""
        return self.source.spell(self.path)

    def table(self) -> dict[str, Any] | None:
        """The value as a table, JSON of the environment included; None if it is none."""
        value = self.value
        if self.source.is_variable and isinstance(value, str) and value.lstrip().startswith("{"):
            value = read_json(value)
        return cast("dict[str, Any]", value) if isinstance(value, dict) else None

    def with_value(self, value: object) -> "Entry":
        """The same place with another value."""
        return replace(self, value=value)

    def children(self, table: Mapping[str, Any]) -> Iterator["Entry"]:
        """An entry for each key of the table."""
        for key, value in table.items():
            yield replace(self, path=(*self.path, key), value=value)


def find_file(
    named: FilePath | None, environ: Mapping[str, str], directory: FilePath
) -> FilePath | None:
    """The configuration file: the one named, else the environment's, else the directory's."""
    if named is None and environ.get(CONFIG_VARIABLE):
        named = FilePath(environ[CONFIG_VARIABLE])
    if named is not None:
        return named
    default = directory / DEFAULT_FILE
    return default if default.is_file() else None


def read_file(file: FilePath) -> Iterator[Entry]:
    """The top level of the file.

    Raises:
        ConfigurationError: it cannot be read, or is no TOML.
    """
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        message = f"The configuration file {file} cannot be read: {error.strerror}."
        raise ConfigurationError(message) from error
    except UnicodeDecodeError as error:
        message = f"The configuration file {file} is not UTF-8."
        raise ConfigurationError(message) from error
    except tomllib.TOMLDecodeError as error:
        message = f"The configuration file {file} is not valid TOML: {error}"
        raise ConfigurationError(message) from error
    return Entry(path=(), value=document, source=Source(name=str(file))).children(document)


def read_environment(environ: Mapping[str, str]) -> Iterator[Entry]:
    """Every variable of ours. One that is set to nothing counts as not set."""
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in OTHER_VARIABLES and environ[name]:
            path = tuple(name.removeprefix(PREFIX).lower().split("__"))
            yield Entry(path=path, value=environ[name], source=Source(name=name, root=path))


def read_flags(flags: Sequence[Flag]) -> Iterator[Entry]:
    """What the command line sets."""
    for flag in flags:
        source = Source(name=flag.name, root=flag.path)
        yield Entry(path=flag.path, value=flag.value, source=source)


def read_json(text: str) -> object:
    """The value of a JSON text, None if it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None


__all__ = [
    "CONFIG_VARIABLE",
    "DEFAULT_FILE",
    "OTHER_VARIABLES",
    "Entry",
    "Flag",
    "Source",
    "find_file",
    "read_environment",
    "read_file",
    "read_flags",
    "read_json",
]
