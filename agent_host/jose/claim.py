"""Reads single claims of a token whose signature is good (RFC 7519 §4.1). Pure."""

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

SUBJECT_LIMIT: Final = 255  # OpenID Connect Core 1.0 §2


class ClaimError(ValueError):
    """The token is not to be taken. The text names a rule and no value, and is for the log."""


def check_times(claims: Mapping[str, Any], *, now: float, leeway: timedelta) -> float:
    """When it expires, in seconds since 1970, as it says itself.

    Raises:
        ClaimError: `exp` is missing, or now is not its time.
    """
    slack = leeway.total_seconds()
    expires_at = instant_in(claims, "exp")
    if expires_at is None:
        raise ClaimError("exp is missing")
    if now >= expires_at + slack:
        raise ClaimError("it is expired")
    for name in ("nbf", "iat"):
        begins_at = instant_in(claims, name)
        if begins_at is not None and begins_at > now + slack:
            raise ClaimError(f"{name} is in the future")
    return expires_at


def subject_in(claims: Mapping[str, Any]) -> str:
    """Whom it is about.

    Raises:
        ClaimError: it does not say, or at too great length.
    """
    subject = text_in(claims, "sub")
    if len(subject) > SUBJECT_LIMIT:
        raise ClaimError("sub is too long")
    return subject


def instant_in(claims: Mapping[str, Any], name: str) -> float | None:
    """A time, in seconds since 1970; None where there is none.

    Raises:
        ClaimError: it is no time.
    """
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ClaimError(f"{name} is not a number")
    try:
        instant = float(value)
    except OverflowError:
        raise ClaimError(f"{name} is out of range") from None
    if not math.isfinite(instant):
        raise ClaimError(f"{name} is out of range")
    return instant


def text_in(claims: Mapping[str, Any], name: str) -> str:
    """A text that is not empty.

    Raises:
        ClaimError: it is none.
    """
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise ClaimError(f"{name} is missing or not a text")
    return value


__all__ = ["SUBJECT_LIMIT", "ClaimError", "check_times", "instant_in", "subject_in", "text_in"]
