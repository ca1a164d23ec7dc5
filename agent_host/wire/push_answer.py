"""What a platform's HTTP answer to a push means, for every channel whose platform has no rule of
its own (RFC 9110).
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from agent_host.errors import PushError, PushErrorClass

_SUCCESS: Final = range(200, 300)
_FAULT: Final = range(500, 600)
_LATER: Final = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)
_LONGEST: Final = timedelta(days=30)


def check_answer(status: int, headers: Mapping[str, str], *, now: datetime) -> None:
    """Return if the platform took it. Header names are lower case; `now` is for a date in
    `retry-after`.

    Raises:
        PushError: it did not. 408, 425 and 429 are rate limited, 5xx transient, with `Retry-After`
            where there is one; a redirect, which is not followed, and any other 4xx are permanent.
    """
    if status in _SUCCESS:
        return
    code = f"http_{status}"
    if status in _LATER:
        raise PushError(
            PushErrorClass.RATE_LIMITED, code, retry_after=retry_after(headers, now=now)
        )
    if status in _FAULT:
        raise PushError(PushErrorClass.TRANSIENT, code, retry_after=retry_after(headers, now=now))
    raise PushError(PushErrorClass.PERMANENT, code)


def retry_after(headers: Mapping[str, str], *, now: datetime) -> timedelta | None:
    """How long the platform wants to be left alone: seconds or a date, a month at most; None where
    it does not say, or not so that it makes sense.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(timedelta(seconds=min(int(value[:12]), 10**9)), _LONGEST)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return min(max(at - now, timedelta()), _LONGEST)


__all__ = ["check_answer", "retry_after"]
