"""Who may not come in, and why."""

from agent_host.errors.root import HostError


class AccessError(HostError):
    """The caller may not."""

    code = "access"


class UnauthenticatedError(AccessError):
    """The caller did not prove who it is."""

    code = "unauthenticated"


class InvalidProofError(UnauthenticatedError):
    """The caller showed a bearer credential that is unknown, wrong, expired or revoked."""


class InsufficientScopeError(AccessError):
    """The caller is known, and the route asks for a scope that it does not have."""

    code = "insufficient_scope"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This needs the scope {scope!r}.")
        self.scope = scope


class AuthenticationUnavailableError(HostError):
    """Nobody can say at the moment who is calling. The text is for the operator."""

    code = "authentication_unavailable"
    retryable = True


class DeniedError(AccessError):
    """The authorizer said no. `reason_code` is for the log; the text is for the person."""

    code = "denied"

    def __init__(self, user_message: str, reason_code: str = "denied") -> None:
        super().__init__(user_message)
        self.reason_code = reason_code


class LinkRequiredError(AccessError):
    """The person must link this identity to one that is known first."""

    code = "link_required"


__all__ = [
    "AccessError",
    "AuthenticationUnavailableError",
    "DeniedError",
    "InsufficientScopeError",
    "InvalidProofError",
    "LinkRequiredError",
    "UnauthenticatedError",
]
