"""Secrets among the settings: long enough, and in no file that others can read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import SecretBytes, SecretStr

from agent_host.doctor.exposure import exposures
from agent_host.doctor.finding import Finding, ok, problem, warning
from agent_host.doctor.situation import Situation
from agent_host.settings import Option
from agent_host.settings.option import CHANNELS

_LENGTH: Final = 16


def check_secrets(situation: Situation) -> Iterator[Finding]:
    """Could one be guessed, or read by other users of this machine?"""
    kept = [option for option in situation.loaded.options if option.secret]
    values = {option: _value(situation, option) for option in kept}
    weak = [option for option, value in values.items() if value and len(value) < _LENGTH]
    for option in weak:
        yield warning(
            f"The secret `{option.key}` is shorter than {_LENGTH} characters.",
            f"Set {option.variable} to a long random text.",
        )
    exposed = [*_exposed(situation, [option for option, value in values.items() if value])]
    yield from exposed
    if not weak and not exposed:
        count = sum(1 for value in values.values() if value)
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


def _value(situation: Situation, option: Option) -> str | bytes | None:
    """The secret itself, whose length alone is looked at."""
    section, name, *rest = option.path
    if section != CHANNELS or name not in situation.loaded.channels:
        return None
    value: Any = situation.loaded.channels[name]
    for step in rest:
        value = getattr(value, step, None)
    return value.get_secret_value() if isinstance(value, SecretStr | SecretBytes) else None


__all__ = ["check_secrets"]
