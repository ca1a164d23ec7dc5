"""The errors of the protocol: one row each, for both bindings (sections 5.4, 9.5 and 11.6)."""

from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus

from agent_host.errors import RequestError


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRow:
    """`code` is JSON-RPC's, `status` HTTP's, `grpc` the name in an AIP-193 body. `reason` is what
    an `ErrorInfo` says, None for the errors that JSON-RPC itself defines.
    """

    code: int
    status: HTTPStatus
    grpc: str
    reason: str | None = None


def _row(code: int, status: HTTPStatus, grpc: str, reason: str | None = None) -> FaultRow:
    return FaultRow(code=code, status=status, grpc=grpc, reason=reason)


class Fault(Enum):
    """What can be wrong. From `UNAUTHENTICATED` on they are the host's own, which the protocol
    leaves to its implementations; their code is JSON-RPC's for a server's own errors.
    """

    PARSE = _row(-32700, HTTPStatus.BAD_REQUEST, "INVALID_ARGUMENT", "INVALID_REQUEST")
    REQUEST = _row(-32600, HTTPStatus.BAD_REQUEST, "INVALID_ARGUMENT", "INVALID_REQUEST")
    METHOD = _row(-32601, HTTPStatus.NOT_FOUND, "NOT_FOUND", "METHOD_NOT_FOUND")
    PARAMS = _row(-32602, HTTPStatus.BAD_REQUEST, "INVALID_ARGUMENT", "INVALID_PARAMS")
    INTERNAL = _row(-32603, HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL", "INTERNAL_ERROR")
    TASK_NOT_FOUND = _row(-32001, HTTPStatus.NOT_FOUND, "NOT_FOUND", "TASK_NOT_FOUND")
    TASK_NOT_CANCELABLE = _row(
        -32002, HTTPStatus.CONFLICT, "FAILED_PRECONDITION", "TASK_NOT_CANCELABLE"
    )
    PUSH = _row(
        -32003, HTTPStatus.BAD_REQUEST, "FAILED_PRECONDITION", "PUSH_NOTIFICATION_NOT_SUPPORTED"
    )
    UNSUPPORTED = _row(
        -32004, HTTPStatus.BAD_REQUEST, "FAILED_PRECONDITION", "UNSUPPORTED_OPERATION"
    )
    CONTENT_TYPE = _row(
        -32005, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "INVALID_ARGUMENT", "CONTENT_TYPE_NOT_SUPPORTED"
    )
    AGENT_RESPONSE = _row(-32006, HTTPStatus.BAD_GATEWAY, "INTERNAL", "INVALID_AGENT_RESPONSE")
    EXTENDED_CARD = _row(
        -32007, HTTPStatus.BAD_REQUEST, "FAILED_PRECONDITION", "EXTENDED_AGENT_CARD_NOT_CONFIGURED"
    )
    EXTENSION = _row(
        -32008, HTTPStatus.BAD_REQUEST, "FAILED_PRECONDITION", "EXTENSION_SUPPORT_REQUIRED"
    )
    VERSION = _row(-32009, HTTPStatus.BAD_REQUEST, "FAILED_PRECONDITION", "VERSION_NOT_SUPPORTED")
    UNAUTHENTICATED = _row(-32000, HTTPStatus.UNAUTHORIZED, "UNAUTHENTICATED", "UNAUTHENTICATED")
    DENIED = _row(-32000, HTTPStatus.FORBIDDEN, "PERMISSION_DENIED", "PERMISSION_DENIED")
    TOO_LARGE = _row(-32000, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "INVALID_ARGUMENT", "TOO_LARGE")
    TOO_MANY = _row(
        -32000, HTTPStatus.TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED"
    )
    CONFLICT = _row(-32000, HTTPStatus.CONFLICT, "ABORTED", "CONFLICT")
    UNAVAILABLE = _row(-32000, HTTPStatus.SERVICE_UNAVAILABLE, "UNAVAILABLE", "UNAVAILABLE")


class FaultError(RequestError):
    """A request that the protocol has an answer for. `violations` name a member and its rule."""

    code = "a2a"

    def __init__(
        self, fault: Fault, message: str, violations: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(message)
        self.fault = fault
        self.violations = violations


def invalid(member: str, rule: str) -> FaultError:
    """A parameter that is not as documented."""
    return FaultError(Fault.PARAMS, f"{member}: {rule}.", ((member, rule),))


__all__ = ["Fault", "FaultError", "FaultRow", "invalid"]
