"""Durations on the command line, as settings have them."""

from datetime import timedelta
from typing import Final

from pydantic import TypeAdapter, ValidationError

from agent_host.errors import ConfigurationError
from agent_host.settings.unit import DURATION_EXPECTED, Duration

_DURATION: Final = TypeAdapter[timedelta](Duration)


def read_duration(text: str | None, *, flag: str) -> timedelta | None:
    """What the flag says; None if it was not given.

    Raises:
        ConfigurationError: it is no duration.
    """
    if text is None:
        return None
    try:
        return _DURATION.validate_python(text)
    except ValidationError:
        raise ConfigurationError(f"{flag}: {DURATION_EXPECTED}") from None


__all__ = ["read_duration"]
