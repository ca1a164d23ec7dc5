"""Durations and sizes as people write them: `30s`, `1h30m`, `PT10M`, `8MiB`.

Owns reading and writing them; knows nothing of where a value came from.
"""

import re
from datetime import timedelta
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, BeforeValidator

DURATION_EXPECTED: Final = "expected a duration such as 30s, 10m, 24h, PT10M or a number of seconds"
SIZE_EXPECTED: Final = "expected a size such as 512KiB, 8MiB or a number of bytes"

_SECONDS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w)\s*)+", re.ASCII)
_DURATION_TERM: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)", re.ASCII)
_ISO_DURATION: Final = re.compile(r"[+-]?P", re.ASCII)

_BYTES: Final = {
    "": 1,
    "b": 1,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "kib": 1024,
    "mib": 1024**2,
    "gib": 1024**3,
}
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.ASCII | re.IGNORECASE)


def parse_duration(value: object) -> object:
    """Seconds or a text with units as a `timedelta`. ISO 8601 is left to pydantic.

    Raises:
        ValueError: it is none of these; the text says what is expected.
    """
    if isinstance(value, str):
        return _duration_of_text(value.strip())
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _of_seconds(value)
    if isinstance(value, timedelta):
        return value
    raise ValueError(DURATION_EXPECTED)


def _duration_of_text(text: str) -> object:
    if _ISO_DURATION.match(text):
        return text
    if _DURATION.fullmatch(text):
        terms = _DURATION_TERM.findall(text)
        return _of_seconds(sum(float(number) * _SECONDS[unit] for number, unit in terms))
    try:
        seconds = float(text)
    except ValueError:
        raise ValueError(DURATION_EXPECTED) from None
    return _of_seconds(seconds)


def _of_seconds(seconds: float) -> timedelta:
    try:
        return timedelta(seconds=seconds)
    except (OverflowError, ValueError):  # infinite, not a number, or longer than a calendar
        raise ValueError(DURATION_EXPECTED) from None


def parse_size(value: object) -> int:
    """A number of bytes, or a text with a unit, as a number of bytes.

    Raises:
        ValueError: it is neither; the text says what is expected.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    factor = _BYTES.get(match[2].lower()) if match else None
    if match is None or factor is None:
        raise ValueError(SIZE_EXPECTED)
    number = match[1]
    return int(number) * factor if number.isdigit() else int(float(number) * factor)


def format_duration(duration: timedelta) -> str:
    """The shortest text that `parse_duration` reads as the same duration: `10m`, `1h30m`."""
    microseconds = duration // timedelta(microseconds=1)
    if microseconds < 0 or microseconds % 1000:
        return str(duration.total_seconds())
    milliseconds = microseconds // 1000
    if milliseconds == 0:
        return "0s"
    terms: list[str] = []
    for unit, factor in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        count, milliseconds = divmod(milliseconds, factor)
        if count:
            terms.append(f"{count}{unit}")
    if milliseconds:
        terms.append(f"{milliseconds}ms")
    return "".join(terms)


def format_size(size: int) -> str:
    """The shortest text that `parse_size` reads as the same size: `8MiB`."""
    for unit in ("GiB", "MiB", "KiB"):
        count, rest = divmod(size, _BYTES[unit.lower()])
        if count and not rest:
            return f"{count}{unit}"
    return str(size)


def _positive(duration: timedelta) -> timedelta:
    if duration <= timedelta():
        message = "expected a duration above zero"
        raise ValueError(message)
    return duration


def _not_negative(duration: timedelta) -> timedelta:
    if duration < timedelta():
        message = "expected a duration of zero or more"
        raise ValueError(message)
    return duration


def _positive_size(size: int) -> int:
    if size <= 0:
        message = "expected a size above zero"
        raise ValueError(message)
    return size


Duration: TypeAlias = Annotated[
    timedelta, BeforeValidator(parse_duration), AfterValidator(_positive)
]
"""A time that must be above zero."""

Grace: TypeAlias = Annotated[
    timedelta, BeforeValidator(parse_duration), AfterValidator(_not_negative)
]
"""A time that may be zero: no waiting."""

Size: TypeAlias = Annotated[int, BeforeValidator(parse_size), AfterValidator(_positive_size)]
"""A number of bytes above zero."""

__all__ = [
    "DURATION_EXPECTED",
    "SIZE_EXPECTED",
    "Duration",
    "Grace",
    "Size",
    "format_duration",
    "format_size",
    "parse_duration",
    "parse_size",
]
