"""What is installed under this project's entry points, loaded only when it is asked for.

Finds channels, stores and adapters by name and chooses the adapter of an object. Builds nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Final, cast

from pydantic import BaseModel

from agent_host.adapters.runnable import is_target
from agent_host.errors import ConfigurationError, MissingExtraError, UnsupportedTargetError
from agent_host.protocols.target import Target, TargetAdapter

ADAPTERS: Final = "agent_host.adapters"
CHANNELS: Final = "agent_host.channels"
STORES: Final = "agent_host.stores"

_DISTRIBUTION: Final = "agent-host-server"
# What looks at a type comes before what looks at whether something can be called or has a `run`.
_LAST: Final = ("function", "object")


def channel_names() -> tuple[str, ...]:
    """The installed channels, sorted; none is loaded."""
    return tuple(sorted(entry_points(group=CHANNELS).names))


def load_channel(name: str) -> type:
    """The channel's class, to be called with its config.

    Raises:
        ConfigurationError: there is no such channel; the text suggests the near miss.
        MissingExtraError: its extra is not installed.
    """
    return cast("type", _load(_find(CHANNELS, name, "channel"), f"The channel {name!r}"))


def channel_config(name: str) -> type[BaseModel]:
    """The model of the channel's config: the class's own `config_type`.

    Raises:
        ConfigurationError: there is no such channel, or it does not say how it is configured.
    """
    config: object = getattr(load_channel(name), "config_type", None)
    if isinstance(config, type) and issubclass(config, BaseModel):
        return config
    raise ConfigurationError(f"The channel {name!r} has no config_type; see Channel's contract.")


def load_store(scheme: str) -> type:
    """The class of the store that serves URLs of this scheme, by its `from_url(url)`.

    Raises:
        ConfigurationError: there is no such store; the text suggests the near miss.
        MissingExtraError: its extra is not installed.
    """
    return cast("type", _load(_find(STORES, scheme, "store"), f"The store {scheme!r}"))


def load_adapters() -> tuple[TargetAdapter, ...]:
    """An instance of every installed adapter, in the order in which they are asked."""
    return tuple(_adapters())


def adapt_target(candidate: object, name: str) -> Target:
    """The object as a target; a `Target` is itself. `name` is for one that has none of its own.

    Adapters are asked in turn, those of other packages before those for any callable or any
    object with `run`, and loaded no further than to the first that takes it.

    Raises:
        UnsupportedTargetError: no adapter takes it; the text lists what each would.
    """
    if is_target(candidate):
        return candidate
    asked: list[TargetAdapter] = []
    for adapter in _adapters():
        if adapter.matches(candidate):
            return adapter.adapt(candidate, name=name)
        asked.append(adapter)
    supported = "\n".join(f"  - {adapter.supports}" for adapter in asked)
    kind = type(candidate)
    message = (
        f"An object of type {kind.__module__}.{kind.__qualname__} cannot be hosted. "
        f"What can be:\n{supported}\n  - a target, such as agent_host.workflows.Workflow"
    )
    raise UnsupportedTargetError(message)


def _adapters() -> Iterator[TargetAdapter]:
    installed = sorted(entry_points(group=ADAPTERS), key=_place)
    for entry_point in installed:
        adapter = _load(entry_point, f"The adapter {entry_point.name!r}")
        yield cast("type[TargetAdapter]", adapter)()


def _place(entry_point: EntryPoint) -> tuple[int, str]:
    name = entry_point.name
    return (_LAST.index(name) if name in _LAST else -1), name


def _find(group: str, name: str, what: str) -> EntryPoint:
    installed = entry_points(group=group)
    found = [entry_point for entry_point in installed if entry_point.name == name]
    if found:
        return found[0]
    raise ConfigurationError(_unknown(what, name, sorted(installed.names)))


def _unknown(what: str, name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.7)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"There is no {what} {name!r}.{hint} Installed: {_listed(known)}."


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _load(entry_point: EntryPoint, what: str) -> object:
    try:
        return entry_point.load()
    except ModuleNotFoundError as error:
        package = entry_point.module.split(".", 1)[0]
        missing = error.name or ""
        if missing.split(".", 1)[0] == package:
            message = f"{what} is not there: {error}. Install {_owner(entry_point)} again."
            raise ConfigurationError(message) from error
        if _owner(entry_point) == _DISTRIBUTION:
            raise MissingExtraError(entry_point.name.replace("_", "-"), what) from error
        message = f"{what}, from {_owner(entry_point)}, needs the module {missing!r}."
        raise ConfigurationError(message) from error
    except AttributeError as error:
        message = f"{what} is not there: {error}. Install {_owner(entry_point)} again."
        raise ConfigurationError(message) from error


def _owner(entry_point: EntryPoint) -> str:
    return "its package" if entry_point.dist is None else entry_point.dist.name


__all__ = [
    "ADAPTERS",
    "CHANNELS",
    "STORES",
    "adapt_target",
    "channel_config",
    "channel_names",
    "load_adapters",
    "load_channel",
    "load_store",
]
