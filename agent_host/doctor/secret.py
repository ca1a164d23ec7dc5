"""Secrets among the settings: long enough, and in no file that others can read."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, cast

from pydantic import BaseModel, SecretBytes, SecretStr

from agent_host.doctor.exposure import exposures
from agent_host.doctor.finding import Finding, ok, problem, warning
from agent_host.doctor.situation import Situation
from agent_host.settings import Option
from agent_host.settings.option import CHANNELS

_LENGTH: Final = 16


def check_secrets(situation: Situation) -> Iterator[Finding]:
    """Could one be guessed, or read by other users of this machine?"""
    # A table under names of the operator's own is no secret option, and may have secrets in it.
    read = [(option, [*_secrets(_value(situation, option))]) for option in situation.loaded.options]
    values = [(option, found) for option, found in read if found]
    weak = [option for option, found in values if any(len(one) < _LENGTH for one in found)]
    for option in weak:
        yield warning(
            f"The secret `{option.key}` is shorter than {_LENGTH} characters.",
            f"Set {option.variable} to a long random text.",
        )
    exposed = [*_exposed(situation, [option for option, _ in values])]
    yield from exposed
    if not weak and not exposed:
        count = sum(len(found) for _, found in values)
        yield ok(f"{count} secrets are set; none is short or in a file that others can read.")


def _exposed(situation: Situation, kept: list[Option]) -> Iterator[Finding]:
    file = situation.loaded.file
    if file is None:
        return
    inside = [o.key for o in kept if situation.loaded.origins.get(o.path) == str(file)]
    store = situation.settings.store
    if situation.loaded.origins.get(("store",)) == str(file) and "@" in store:
        inside.append("store")
    if inside and (found := _mode_of(file)):
        yield problem(
            f"{file} {found} and has secrets in it: {', '.join(inside)}.",
            f"Run: chmod 600 {file}. Or set them by their variables.",
        )


def _mode_of(file: Path) -> str | None:
    try:
        return next((text for text in exposures(file) if text.startswith("is open")), None)
    except OSError:
        return None


def _value(situation: Situation, option: Option) -> object:
    """What the option is set to."""
    path: Sequence[str] = option.path
    value: object = situation.settings
    if path[0] == CHANNELS:
        value, path = situation.loaded.channels.get(path[1]), path[2:]
    for step in path:
        value = getattr(value, step, None)
    return value


def _secrets(value: object) -> Iterator[str | bytes]:
    """The secrets in it, at any depth: their length alone is looked at."""
    if isinstance(value, SecretStr | SecretBytes):
        if secret := value.get_secret_value():
            yield secret
    elif isinstance(value, BaseModel):
        for _, member in value:
            yield from _secrets(member)
    elif isinstance(value, Mapping):
        for member in cast("Mapping[object, object]", value).values():
            yield from _secrets(member)
    elif isinstance(value, list | tuple):
        for member in cast("Sequence[object]", value):
            yield from _secrets(member)


__all__ = ["check_secrets"]
