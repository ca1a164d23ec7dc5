"""Errors as both bindings say them: an `ErrorInfo` inside a JSON-RPC error, or an AIP-193 body
(specification, sections 9.5 and 11.6). Pure.
"""

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from agent_host.errors import (
    AccessError,
    AuthenticationUnavailableError,
    ConflictError,
    DrainingError,
    HostError,
    InvalidInputError,
    MalformedJsonError,
    NestingError,
    NoQuestionError,
    NotCancellableError,
    NotFoundError,
    QuestionOpenError,
    QueueFullError,
    RequestError,
    RunError,
    RunFailedError,
    SessionError,
    SessionRequiredError,
    SessionResetError,
    StoreError,
    TargetError,
    TooLargeError,
    UnauthenticatedError,
)
from agent_host.wire.json_text import json_bytes
from agent_host_a2a.fault import Fault, FaultError
from agent_host_a2a.outbound import OK
from agent_host_a2a.part import Fields

_DOMAIN: Final = "a2a-protocol.org"
_ERROR_INFO: Final = "type.googleapis.com/google.rpc.ErrorInfo"
_BAD_REQUEST: Final = "type.googleapis.com/google.rpc.BadRequest"
_UNAVAILABLE_TEXT: Final = "The host cannot do this at the moment. Try again later."
_CONFLICT_TEXT: Final = "Something else changed this at the same moment. Try again."
_INTERNAL: Final = "internal"
_OWN_CODE: Final = -32000

_FAULTS: Final[dict[type[HostError], Fault]] = {
    TooLargeError: Fault.TOO_LARGE,
    NotFoundError: Fault.TASK_NOT_FOUND,
    MalformedJsonError: Fault.PARSE,
    NestingError: Fault.REQUEST,
    RequestError: Fault.PARAMS,
    UnauthenticatedError: Fault.UNAUTHENTICATED,
    AccessError: Fault.DENIED,
    QueueFullError: Fault.TOO_MANY,
    QuestionOpenError: Fault.UNSUPPORTED,
    SessionRequiredError: Fault.PARAMS,
    SessionResetError: Fault.PARAMS,
    SessionError: Fault.CONFLICT,
    NotCancellableError: Fault.TASK_NOT_CANCELABLE,
    NoQuestionError: Fault.UNSUPPORTED,
    RunFailedError: Fault.INTERNAL,
    RunError: Fault.UNSUPPORTED,
    TargetError: Fault.INTERNAL,
    ConflictError: Fault.CONFLICT,
    DrainingError: Fault.UNAVAILABLE,
    AuthenticationUnavailableError: Fault.UNAVAILABLE,
    StoreError: Fault.UNAVAILABLE,
}
"""By class; a subclass that is not here is answered like its nearest ancestor."""

_TEXTS: Final[dict[type[HostError], str]] = {
    ConflictError: _CONFLICT_TEXT,
    AuthenticationUnavailableError: _UNAVAILABLE_TEXT,
    StoreError: _UNAVAILABLE_TEXT,
}
"""In place of texts that are for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An error, ready to be said."""

    fault: Fault
    message: str
    violations: tuple[tuple[str, str], ...] = ()
    retry_after: timedelta | None = None

    @property
    def status(self) -> int:
        """The HTTP status in the HTTP+JSON binding."""
        return int(self.fault.value.status)

    @property
    def rpc_status(self) -> int:
        """The HTTP status in the JSON-RPC binding: the protocol's own errors arrive with 200, as
        its clients do not read the body of another; who may not come in at all is told so.
        """
        own = self.fault.value.code == _OWN_CODE or self.fault is Fault.INTERNAL
        return self.status if own else OK

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """`Retry-After` in whole seconds, where there is a time."""
        if self.retry_after is None:
            return []
        return [(b"retry-after", b"%d" % max(1, math.ceil(self.retry_after.total_seconds())))]

    def rpc_error(self) -> Fields:
        """The `error` of a JSON-RPC response."""
        return {
            "code": self.fault.value.code,
            "message": self.message,
            "data": self._details(),
        }

    def rpc_body(self, rpc_id: bytes) -> bytes:
        """A JSON-RPC response, `rpc_id` being the request's id as JSON."""
        return b'{"jsonrpc":"2.0","id":%b,"error":%b}' % (rpc_id, json_bytes(self.rpc_error()))

    def http_body(self) -> bytes:
        """The body in the HTTP+JSON binding."""
        row = self.fault.value
        return json_bytes(
            {
                "error": {
                    "code": self.status,
                    "status": row.grpc,
                    "message": self.message,
                    "details": self._details(),
                }
            }
        )

    def _details(self) -> list[Fields]:
        details: list[Fields] = [
            {"@type": _ERROR_INFO, "reason": self.fault.value.reason, "domain": _DOMAIN}
        ]
        if self.violations:
            found = [{"field": field, "description": rule} for field, rule in self.violations]
            details.append({"@type": _BAD_REQUEST, "fieldViolations": found})
        return details


def to_refusal(error: HostError) -> Refusal:
    """How an error of the host is said. One that has no row is the operator's to mend: its text
    stays with the operator, but for the correlation id of an internal one.
    """
    if isinstance(error, FaultError):
        return Refusal(fault=error.fault, message=str(error), violations=error.violations)
    retry_after = getattr(error, "retry_after", None)
    if isinstance(retry_after, timedelta):
        return Refusal(fault=Fault.TOO_MANY, message=str(error), retry_after=retry_after)
    kinds = type(error).__mro__
    fault = next((_FAULTS[kind] for kind in kinds if kind in _FAULTS), None)
    if fault is None:
        message = str(error) if error.code == _INTERNAL else _UNAVAILABLE_TEXT
        return Refusal(fault=Fault.INTERNAL, message=message)
    text = next((_TEXTS[kind] for kind in kinds if kind in _TEXTS), None)
    violations = error.problems if isinstance(error, InvalidInputError) else ()
    retry_after = timedelta(seconds=5) if fault is Fault.UNAVAILABLE else None
    return Refusal(
        fault=fault,
        message=text or str(error),
        violations=violations,
        retry_after=retry_after,
    )


__all__ = ["Refusal", "to_refusal"]
