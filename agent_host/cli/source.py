"""Settings as this process finds them: its command line, its environment, its working directory."""

import argparse
import os
from collections.abc import Iterator
from typing import Final

from agent_host.registry import channel_config
from agent_host.settings import Flag, LoadedSettings, load_settings

_FLAGS: Final = {
    "target": ("target",),
    "host": ("server", "host"),
    "port": ("server", "port"),
    "insecure": ("server", "insecure"),
    "access_log": ("server", "access_log"),
    "store": ("store",),
    "log_level": ("log", "level"),
    "log_format": ("log", "format"),
}
"""Parsed argument to the setting that it sets."""


def load(arguments: argparse.Namespace) -> LoadedSettings:
    """The settings in effect for this command line.

    Raises:
        ConfigurationError: something that is set is wrong; see `load_settings`.
    """
    return load_settings(
        channel_config,
        environ=os.environ,
        config_file=arguments.config,
        flags=[*_flags(arguments)],
        only_channels=getattr(arguments, "channels", ()),
    )


def _flags(arguments: argparse.Namespace) -> Iterator[Flag]:
    for argument, path in _FLAGS.items():
        value = getattr(arguments, argument, None)
        if value is not None:
            name = "TARGET" if argument == "target" else f"--{argument.replace('_', '-')}"
            yield Flag(path=path, value=value, name=name)


__all__ = ["load"]
