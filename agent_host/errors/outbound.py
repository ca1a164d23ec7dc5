"""What cannot be sent, and why the next attempt may or may not help."""

from datetime import timedelta
from enum import StrEnum

from agent_host.errors.request import RequestError
from agent_host.errors.root import HostError


class PushErrorClass(StrEnum):
    """What an attempt's failure means for the next one."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    RATE_LIMITED = "rate_limited"
    UNKNOWN_AFTER_SEND = "unknown_after_send"


class UnsafeUrlError(RequestError):
    """The URL leads where the host does not send. The text says what is asked of it, no address."""

    code = "unsafe_url"


class OutboundError(HostError):
    """No answer came. `was_sent`: the request may have arrived nevertheless."""

    code = "outbound"
    retryable = True

    def __init__(self, message: str, *, was_sent: bool) -> None:
        super().__init__(message)
        self.was_sent = was_sent


class PushError(HostError):
    """A channel's push was not taken, or nobody knows. `error_code` is one bounded word for logs
    and attempts; `retry_after` is the platform's wish, for all of its account where
    `pauses_account`.
    """

    code = "push"

    def __init__(
        self,
        error_class: PushErrorClass,
        error_code: str,
        *,
        retry_after: timedelta | None = None,
        pauses_account: bool = False,
    ) -> None:
        super().__init__(f"not delivered: {error_code}")
        self.error_class = error_class
        self.error_code = error_code
        self.retry_after = retry_after
        self.pauses_account = pauses_account
        self.retryable = error_class is not PushErrorClass.PERMANENT


__all__ = ["OutboundError", "PushError", "PushErrorClass", "UnsafeUrlError"]
