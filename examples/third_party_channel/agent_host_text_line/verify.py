"""Whether a message is the gateway's: HMAC-SHA256 over the time and the raw body.

The header is `t=<seconds since 1970>,v1=<hex digits>`; what is signed is `<t>.<account>.<body>`.
"""

import hmac
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from agent_host.errors import UnauthenticatedError

WINDOW: Final = timedelta(minutes=5)

_HEADER: Final = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})", re.ASCII)


def sign(body: bytes, *, secret: str, account: str, at: datetime) -> str:
    """The header of a message that is sent at this time."""
    seconds = int(at.timestamp())
    return f"t={seconds},v1={_digest(body, secret, account, seconds)}"


def verify(
    body: bytes, header: str, *, secrets: Iterable[str], account: str, now: datetime
) -> None:
    """Return if one of the secrets signed the body, not long ago.

    Raises:
        UnauthenticatedError: none did, or the time is not now.
    """
    found = _HEADER.fullmatch(header)
    if found is not None:
        seconds = int(found[1])
        is_recent = abs(now.timestamp() - seconds) <= WINDOW.total_seconds()
        # All are computed, so that the time it takes tells nothing of which.
        matches = [
            hmac.compare_digest(_digest(body, secret, account, seconds), found[2])
            for secret in secrets
        ]
        if is_recent and any(matches):
            return
    raise UnauthenticatedError("The signature is not valid.")


def _digest(body: bytes, secret: str, account: str, seconds: int) -> str:
    signed = b"%d.%s.%s" % (seconds, account.encode(), body)
    return hmac.new(secret.encode(), signed, "sha256").hexdigest()


__all__ = ["WINDOW", "sign", "verify"]
