"""What the caller has to change."""

from agent_host.errors.root import HostError


class RequestError(HostError):
    """The caller sent something the host cannot take. The text tells the caller what to change."""

    code = "invalid_request"


class MalformedJsonError(RequestError):
    """What should be JSON is none; the text says where."""


class NestingError(RequestError):
    """JSON that is nested more deeply than is taken."""


class InvalidInputError(RequestError):
    """The input does not have the form the target asks for. `problems` name field and rule."""

    code = "invalid_input"

    def __init__(self, message: str, problems: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class TooLargeError(RequestError):
    """A limit of size, depth or count is passed."""

    code = "too_large"


class IdempotencyConflictError(RequestError):
    """The idempotency key was used before, with another request."""

    code = "idempotency_conflict"


class NotFoundError(RequestError):
    """No such thing for this caller. Somebody else's thing reads exactly the same."""

    code = "not_found"

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no such {what}.")


__all__ = [
    "IdempotencyConflictError",
    "InvalidInputError",
    "MalformedJsonError",
    "NestingError",
    "NotFoundError",
    "RequestError",
    "TooLargeError",
]
