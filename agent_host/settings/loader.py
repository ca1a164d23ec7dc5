"""Combines what the sources set into one `Settings`: command line, environment, file, default.

Whatever is set must be known: an unknown key is an error that names its source and the near miss.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, Final, TypeAlias

from pydantic import BaseModel, TypeAdapter, ValidationError

from agent_host.errors import ConfigurationError
from agent_host.settings.channel import read_channel
from agent_host.settings.model import Settings
from agent_host.settings.option import CHANNELS, Option, OptionKind, list_options
from agent_host.settings.problem import Path, Problem, find_problems, nearest, raise_problems
from agent_host.settings.section import Section
from agent_host.settings.source import (
    Entry,
    Flag,
    find_file,
    read_environment,
    read_file,
    read_flags,
    read_json,
)

ChannelConfigOf: TypeAlias = Callable[[str], type[BaseModel]]
"""The `Config` of an installed channel by name; raises `ConfigurationError` for any other."""

_BOOLEAN: Final = TypeAdapter(bool)
_CHANNEL_DEPTH: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedSettings:
    """Settings, and how they came about.

    `channels` holds the checked config of every enabled channel, `origins` who set a path (absent:
    nobody, it is the default), `file` the TOML file that was read.
    """

    settings: Settings
    channels: Mapping[str, BaseModel]
    options: tuple[Option, ...]
    origins: Mapping[Path, str]
    file: FilePath | None


def load_settings(
    channel_config: ChannelConfigOf,
    *,
    environ: Mapping[str, str],
    config_file: FilePath | None = None,
    flags: Sequence[Flag] = (),
    only_channels: Sequence[str] = (),
    directory: FilePath | None = None,
) -> LoadedSettings:
    """Collect, check and combine all sources.

    Args:
        channel_config: gives a channel's config model by the channel's name.
        environ: the environment.
        config_file: the TOML file; without it the one that `AGENT_HOST_CONFIG` names, else
            `agent-host.toml` in `directory` if there is one.
        flags: what the command line sets.
        only_channels: mount these and no other, whatever the other sources say.
        directory: where to look for the file; the working directory by default.

    Raises:
        ConfigurationError: a source cannot be read, or sets something unknown or a wrong value.
            The text lists the problems with their sources and repeats no value.
    """
    file = find_file(config_file, environ, directory or FilePath.cwd())
    entries = [*read_file(file)] if file else []
    entries += [*read_environment(environ), *read_flags(flags)]
    entries = [part for entry in entries for part in _split_channels(entry)]
    names = _channel_names(entries, only_channels)
    if only_channels:
        entries += read_flags([_choose(name, only_channels) for name in names])
    loading = _Loading()
    configs = loading.load_configs(names, entries, channel_config)
    options = list_options(configs)
    loading.take(entries, options, unchecked=frozenset(names) - loading.checked)
    settings = loading.to_settings(names, options)
    return LoadedSettings(
        settings=settings,
        channels=loading.to_channels(settings, configs),
        options=options,
        origins=loading.origins,
        file=file,
    )


def _split_channels(entry: Entry) -> Iterator[Entry]:
    """Channel tables down to their options, so that it is known early who is named and enabled."""
    in_channels = entry.path[0] == CHANNELS and len(entry.path) <= _CHANNEL_DEPTH
    table = entry.table() if in_channels else None
    if table is None:
        yield entry
        return
    if len(entry.path) == _CHANNEL_DEPTH:
        yield entry.with_value({})  # names the channel, though it may set nothing
    for child in entry.children(table):
        yield from _split_channels(child)


def _channel_names(entries: Sequence[Entry], only_channels: Sequence[str]) -> list[str]:
    """Those that are named; the default ones too, where a name only takes one of them away."""
    named = [e.path[1] for e in entries if e.path[0] == CHANNELS and len(e.path) > 1]
    if only_channels or any(_is_enabled(name, entries) for name in named):
        return list(dict.fromkeys([*named, *only_channels]))
    return list(dict.fromkeys([*Settings().channels, *named]))


def _choose(name: str, only_channels: Sequence[str]) -> Flag:
    path = (CHANNELS, name, "enabled")
    return Flag(path=path, value=name in only_channels, name=f"--channel {name}")


def _is_enabled(name: str, entries: Sequence[Entry]) -> bool:
    path = (CHANNELS, name, "enabled")
    value = next((entry.value for entry in reversed(entries) if entry.path == path), True)
    try:
        return _BOOLEAN.validate_python(value)
    except ValidationError:
        return True  # reported as a wrong value later


class _Loading:
    """One load under way. Problems are collected, and raised together at the end of a stage."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []
        self._entries: dict[Path, Entry] = {}
        self.checked: set[str] = set()

    @property
    def origins(self) -> dict[Path, str]:
        """Who set each path."""
        return {path: entry.source.name for path, entry in self._entries.items()}

    def load_configs(
        self, names: Sequence[str], entries: Sequence[Entry], channel_config: ChannelConfigOf
    ) -> dict[str, type[BaseModel]]:
        """The config model of each channel; an empty one for those that are not to be mounted."""
        configs: dict[str, type[BaseModel]] = dict.fromkeys(names, Section)
        for name in names:
            if not _is_enabled(name, entries):
                continue
            try:
                configs[name] = channel_config(name)
            except ConfigurationError as error:
                where = next((e.where for e in entries if e.path[:2] == (CHANNELS, name)), name)
                self._problems.append(Problem(where=where, what=str(error)))
            else:
                self.checked.add(name)
        return configs

    def take(
        self, entries: Iterable[Entry], options: Sequence[Option], *, unchecked: frozenset[str]
    ) -> None:
        """Sort entries under the options that they set; the later of two wins."""
        known = {option.path: option for option in options}
        sections = {path[:end] for path in known for end in range(1, len(path))}
        sections.add((CHANNELS,))
        waiting = list(reversed([*entries]))
        while waiting:
            entry = waiting.pop()
            if entry.path in known:
                self._set(known[entry.path], entry)
            elif entry.path in sections:
                table = entry.table()
                if table is None:
                    self._report(entry, "expected a table")
                else:
                    waiting += reversed([*entry.children(table)])
            elif entry.path[0] != CHANNELS or entry.path[1] not in unchecked:
                self._report(entry, "there is no such setting." + _hint(entry, options))

    def to_settings(self, names: Sequence[str], options: Sequence[Option]) -> Settings:
        """The values as settings."""
        tree: dict[str, Any] = {CHANNELS: {name: {} for name in names}}
        for path, entry in self._entries.items():
            table = tree
            for step in path[:-1]:
                table = table.setdefault(step, {})
            table[path[-1]] = entry.value
        try:
            settings = Settings.model_validate(tree)
        except ValidationError as error:
            self._problems += find_problems(error, prefix=(), options=options, where=self._where)
            raise_problems(self._problems)
        return settings

    def to_channels(
        self, settings: Settings, configs: Mapping[str, type[BaseModel]]
    ) -> dict[str, BaseModel]:
        """The checked config of every channel that is to be mounted."""
        channels: dict[str, BaseModel] = {}
        for name in sorted(self.checked):
            parsed = read_channel(name, settings.channels[name], configs[name], where=self._where)
            if isinstance(parsed, list):
                self._problems += parsed
            else:
                channels[name] = parsed
        if self._problems:
            raise_problems(self._problems)
        return channels

    def _set(self, option: Option, entry: Entry) -> None:
        value = entry.value
        structured = option.kind is OptionKind.STRUCTURED and entry.source.is_variable
        if structured and isinstance(value, str) and value.lstrip()[:1] in {"[", "{"}:
            value = read_json(value)
            if value is None:
                self._report(entry, f"expected {option.expects} as JSON")
                return
        self._entries[entry.path] = entry.with_value(value)

    def _where(self, path: Path) -> str | None:
        entry = self._entries.get(path)
        return entry.where if entry else None

    def _report(self, entry: Entry, what: str) -> None:
        self._problems.append(Problem(where=entry.where, what=what))


def _hint(entry: Entry, options: Iterable[Option]) -> str:
    names = {option.key: option for option in options}
    near = nearest(".".join(entry.path), names)
    if near is None:
        return ""
    return f" Did you mean {names[near].variable if entry.source.is_variable else near}?"


__all__ = ["ChannelConfigOf", "LoadedSettings", "load_settings"]
