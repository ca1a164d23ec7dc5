"""What the edge refuses before any channel sees it, and what it refuses for being too much.

Which status each has stands in `errors.py`. The texts are for callers: they say what was wrong with
the request, never what would be accepted. What the operator can change is in the log.
"""

from datetime import timedelta

from agent_host.errors import AccessError, HostError, RequestError, TooLargeError


class UntrustedHostError(RequestError):
    """The request is addressed to a name that this host does not answer to."""

    code = "untrusted_host"

    def __init__(self) -> None:
        super().__init__("This host does not answer to the name in the Host header.")


class UntrustedOriginError(AccessError):
    """A page of another origin may not do this."""

    code = "untrusted_origin"

    def __init__(self) -> None:
        super().__init__("Pages of this origin may not send that.")


class BadIsolationKeyError(RequestError):
    """A platform that may send isolation keys sent one that is none. It is refused and not left
    out, as the request would then run in a partition that others share.
    """

    code = "invalid_isolation_key"

    def __init__(self, header: str, limit: int) -> None:
        super().__init__(f"{header} is there once, with 1 to {limit} visible ASCII characters.")


class TooManyHeadersError(TooLargeError):
    """The head has more header fields than are looked at."""

    code = "too_many_headers"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request has more than the {limit} headers that are accepted here.")


class SlowRequestError(RequestError):
    """The request did not arrive in time."""

    code = "slow_request"
    retryable = True

    def __init__(self) -> None:
        super().__init__("The request took too long to arrive.")


class TooManyRequestsError(HostError):
    """The caller asks more than it may. Try again after `retry_after`."""

    code = "rate_limited"
    retryable = True

    def __init__(self, message: str, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooManyAtOnceError(TooManyRequestsError):
    """The caller has as many requests going on as it may."""

    code = "too_many_at_once"


class TooManyFailuresError(TooManyRequestsError):
    """Nobody proves who they are from this address, again and again."""

    code = "too_many_failures"


__all__ = [
    "BadIsolationKeyError",
    "SlowRequestError",
    "TooManyAtOnceError",
    "TooManyFailuresError",
    "TooManyHeadersError",
    "TooManyRequestsError",
    "UntrustedHostError",
    "UntrustedOriginError",
]
