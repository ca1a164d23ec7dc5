"""What goes wrong with an agent elsewhere, as a target says it: a class that can be counted and a
sentence of ours. What the other side wrote in an error stays out; its code is in the log.
"""

import logging
import re
from datetime import timedelta
from enum import Enum

from agent_host.errors import FailureCode, TargetError

logger = logging.getLogger(__name__)

_TEXT_LIMIT = 2000
_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")


class RemoteError(TargetError):
    """The agent elsewhere did not answer as it should. `may_have_arrived`: what was sent may be
    acted on nevertheless.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = FailureCode.DEPENDENCY,
        retryable: bool = False,
        may_have_arrived: bool = True,
    ) -> None:
        super().__init__(message, code=code, retryable=retryable)
        self.may_have_arrived = may_have_arrived


class RemoteBusyError(RemoteError):
    """It has no room. `retry_after` is its wish, where it said one."""

    def __init__(self, retry_after: timedelta | None) -> None:
        wait = "later" if retry_after is None else f"in {retry_after.total_seconds():.0f} seconds"
        message = f"The remote agent has no room at the moment. Try again {wait}."
        super().__init__(
            message, code=FailureCode.RATE_LIMIT, retryable=True, may_have_arrived=False
        )
        self.retry_after = retry_after


class Fault(Enum):
    """The protocol's errors, as far as they make a difference here."""

    TASK_NOT_FOUND = "TASK_NOT_FOUND"
    TASK_NOT_CANCELABLE = "TASK_NOT_CANCELABLE"
    UNSUPPORTED = "UNSUPPORTED_OPERATION"
    VERSION = "VERSION_NOT_SUPPORTED"
    METHOD = "METHOD_NOT_FOUND"
    PARAMS = "INVALID_PARAMS"
    CONTENT_TYPE = "CONTENT_TYPE_NOT_SUPPORTED"
    OTHER = "OTHER"


class RemoteFaultError(RemoteError):
    """It answered with an error of the protocol."""

    def __init__(self, fault: Fault, shown_code: object) -> None:
        refused = fault in {Fault.PARAMS, Fault.CONTENT_TYPE}
        code = FailureCode.VALIDATION if refused else FailureCode.DEPENDENCY
        text = "did not take what it was sent" if refused else "answered with an error"
        super().__init__(f"The remote agent {text}.", code=code)
        self.fault = fault
        self.shown_code = shown_code


_BY_RPC_CODE = {
    -32001: Fault.TASK_NOT_FOUND,
    -32002: Fault.TASK_NOT_CANCELABLE,
    -32004: Fault.UNSUPPORTED,
    -32005: Fault.CONTENT_TYPE,
    -32009: Fault.VERSION,
    -32600: Fault.METHOD,  # so servers answer that hold a request against a list of methods
    -32601: Fault.METHOD,
    -32602: Fault.PARAMS,
}
_UNAUTHENTICATED = 401
_FORBIDDEN = 403
_NOT_FOUND = 404
_NO_METHOD = 405
_TOO_LARGE = 413
_TOO_MANY = 429
_UNAVAILABLE = 503
_SERVER_ERRORS = range(500, 600)


def of_rpc(code: object) -> RemoteFaultError:
    """An error by its JSON-RPC code."""
    fault = _BY_RPC_CODE.get(code, Fault.OTHER) if isinstance(code, int) else Fault.OTHER
    logger.info("the remote agent answered with the error %.32r", code)
    return RemoteFaultError(fault, code)


def of_reason(reason: object, status: int) -> RemoteError:
    """An error of the HTTP+JSON binding, by the `reason` of its `ErrorInfo`."""
    known = {fault.value: fault for fault in Fault}
    fault = known.get(reason) if isinstance(reason, str) else None
    if fault is None:
        return of_status(status, None)
    logger.info("the remote agent answered with the error %s", fault.value)
    return RemoteFaultError(fault, fault.value)


def of_status(status: int, retry_after: timedelta | None) -> RemoteError:
    """An HTTP status that is no success, and has no error of the protocol in it."""
    logger.info("the remote agent answered with status %d", status)
    if status == _TOO_MANY or (status == _UNAVAILABLE and retry_after is not None):
        return RemoteBusyError(retry_after)
    if status in {_UNAUTHENTICATED, _FORBIDDEN}:
        message = "The remote agent does not let this host in."
        return RemoteError(message, may_have_arrived=False)
    if status in {_NOT_FOUND, _NO_METHOD}:
        return RemoteFaultError(Fault.METHOD, status)
    if status == _TOO_LARGE:
        message = "What was sent is too large for the remote agent."
        return RemoteError(message, code=FailureCode.VALIDATION, may_have_arrived=False)
    is_passing = status in _SERVER_ERRORS
    return RemoteError("The remote agent answered with an error.", retryable=is_passing)


def unreachable(*, may_have_arrived: bool) -> RemoteError:
    """No connection, or one that broke off."""
    text = "broke off" if may_have_arrived else "cannot be reached"
    return RemoteError(
        f"The remote agent {text}.", retryable=True, may_have_arrived=may_have_arrived
    )


def silent() -> RemoteError:
    """It was waited for in vain."""
    message = "The remote agent did not answer in time."
    return RemoteError(message, code=FailureCode.TIMEOUT, retryable=True)


def unreadable(what: str) -> RemoteError:
    """It answered, and not in A2A."""
    return RemoteError(f"The remote agent answered with {what}.", code=FailureCode.DEPENDENCY)


def of_task(text: str, code: object, *, is_retryable: bool) -> TargetError:
    """A task that failed: the agent's own words, which are for whoever asked it."""
    shown = text[:_TEXT_LIMIT] or "The remote agent failed."
    known = code if isinstance(code, str) and _CODE.fullmatch(code) else FailureCode.TARGET_ERROR
    return TargetError(shown, code=str(known), retryable=is_retryable)


__all__ = [
    "Fault",
    "RemoteBusyError",
    "RemoteError",
    "RemoteFaultError",
    "of_reason",
    "of_rpc",
    "of_status",
    "of_task",
    "silent",
    "unreachable",
    "unreadable",
]
