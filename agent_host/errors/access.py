"""Who may not come in, and why."""

from typing import Final

from agent_host.errors.root import HostError

SILENT_TEXT: Final = "This is not answered here."
"""What the error says itself where nothing may be said, if a channel shows it all the same."""


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
    """The authorizer said no. `reason_code` is for the log; the text is for the person.

    `is_silent`: others are in the room, so nothing is said there at all; `private_text` may be told
    in a private conversation, or not at all.
    """

    code = "denied"

    def __init__(
        self, user_message: str, reason_code: str = "denied", *, is_silent: bool = False
    ) -> None:
        super().__init__(SILENT_TEXT if is_silent else user_message)
        self.reason_code = reason_code
        self.is_silent = is_silent
        self.private_text = user_message


class LinkRequiredError(AccessError):
    """The person must link this identity to one that is known first. Where it `is_silent`, as with
    a denial: a challenge is never shown in a room.
    """

    code = "link_required"

    def __init__(self, challenge: str, *, is_silent: bool = False) -> None:
        super().__init__(SILENT_TEXT if is_silent else challenge)
        self.is_silent = is_silent
        self.private_text = challenge


__all__ = [
    "AccessError",
    "AuthenticationUnavailableError",
    "DeniedError",
    "InsufficientScopeError",
    "InvalidProofError",
    "LinkRequiredError",
    "UnauthenticatedError",
]
