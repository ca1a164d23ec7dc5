"""`agent-host config`: is what is set right, what is in effect, what could be set."""

import argparse
import re
from collections.abc import Iterator
from typing import Final

from pydantic import BaseModel

from agent_host.cli.reference import render_toml, section_titles
from agent_host.cli.source import load
from agent_host.cli.table import format_table
from agent_host.errors import ConfigurationError
from agent_host.registry import channel_config, channel_names
from agent_host.settings import LoadedSettings, Option, Settings, list_options
from agent_host.settings.option import CHANNELS, format_value

_CREDENTIALS: Final = re.compile(r"(?<=://)[^/@]*(?=@)")


def execute(arguments: argparse.Namespace) -> int:
    """Do what `action` says: `check`, `show` or `template`.

    Raises:
        ConfigurationError: something that is set is wrong.
    """
    if arguments.action == "template":
        print(_template(), end="")
        return 0
    loaded = load(arguments)
    if arguments.action == "show":
        print(f"# configuration file: {loaded.file or 'none'}")
        print(format_table(_rows(loaded)))
    else:
        print(f"The configuration is right: {loaded.file or 'no file'}; {_count(loaded)} set.")
    return 0


def _count(loaded: LoadedSettings) -> str:
    count = len(loaded.origins)
    return "1 setting is" if count == 1 else f"{count} settings are"


def _template() -> str:
    configs: dict[str, type[BaseModel]] = {}
    for name in channel_names():
        try:
            configs[name] = channel_config(name)
        except ConfigurationError:
            continue  # what lacks its extra has no options to list
    return render_toml(
        list_options(configs), titles=section_titles(configs), mounted=list(Settings().channels)
    )


def _rows(loaded: LoadedSettings) -> Iterator[tuple[str, str, str]]:
    for option in loaded.options:
        origin = loaded.origins.get(option.path, "default")
        yield option.key, _show(option, _value(loaded, option)), origin


def _value(loaded: LoadedSettings, option: Option) -> object:
    if option.path[0] != CHANNELS:
        return _follow(loaded.settings, option.path)
    _, name, *rest = option.path
    if rest == ["enabled"]:
        return loaded.settings.channels[name].enabled
    return _follow(loaded.channels[name], tuple(rest))


def _follow(start: object, path: tuple[str, ...]) -> object:
    value = start
    for step in path:
        value = getattr(value, step, None)
    return value


def _show(option: Option, value: object) -> str:
    if value is None:
        return "(not set)"
    return _CREDENTIALS.sub("********", format_value(option, value))


__all__ = ["execute"]
