"""From a channel's table of settings to that channel's own `Config`."""

import copy
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from agent_host.settings.model import ChannelSettings
from agent_host.settings.option import CHANNELS, Option, list_channel_options, read_units
from agent_host.settings.problem import Path, Problem, find_problems, nearest, raise_problems

ConfigT = TypeVar("ConfigT", bound=BaseModel)


def parse_channel(name: str, settings: ChannelSettings, config: type[ConfigT]) -> ConfigT:
    """The channel's config. Durations and sizes may be written with units, as everywhere.

    Raises:
        ConfigurationError: an option is unknown, missing or has a wrong value. The text names
            every one of them and repeats no value.
    """
    parsed = read_channel(name, settings, config, where=".".join)
    if isinstance(parsed, list):
        raise_problems(parsed)
    return parsed


def read_channel(
    name: str,
    settings: ChannelSettings,
    config: type[ConfigT],
    *,
    where: Callable[[Path], str | None],
) -> ConfigT | list[Problem]:
    """The channel's config, or all that is wrong with it. `where` names a path that is set."""
    prefix = (CHANNELS, name)
    options = list_channel_options(name, config)
    values = copy.deepcopy(settings.options)
    problems = list(_find_unknown(values, prefix, options, where))
    for option in options:
        try:
            _read_unit(values, option, depth=len(prefix))
        except ValueError as error:
            problems.append(Problem(where=where(option.path) or option.key, what=str(error)))
    if problems:
        return problems
    try:
        return config.model_validate(values)
    except ValidationError as error:
        return list(find_problems(error, prefix=prefix, options=options, where=where))


def _find_unknown(
    values: dict[str, Any],
    prefix: Path,
    options: tuple[Option, ...],
    where: Callable[[Path], str | None],
) -> Iterator[Problem]:
    known = {option.path[len(prefix)] for option in options}
    for key in sorted(values.keys() - known):
        path = (*prefix, key)
        near = nearest(".".join(path), (option.key for option in options))
        hint = f" Did you mean {near}?" if near else ""
        yield Problem(where=where(path) or ".".join(path), what=f"there is no such setting.{hint}")


def _read_unit(values: dict[str, Any], option: Option, *, depth: int) -> None:
    """Replace the option's value, in place, by what its unit says."""
    *sections, leaf = option.path[depth:]
    table = values
    for section in sections:
        inner: Any = table.get(section)
        if not isinstance(inner, dict):
            return
        table = cast("dict[str, Any]", inner)
    if leaf in table:
        table[leaf] = read_units(option, table[leaf])


__all__ = ["parse_channel", "read_channel"]
