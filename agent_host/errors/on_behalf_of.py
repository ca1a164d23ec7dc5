"""Why there is no token for a downstream service in the caller's name."""

from agent_host.errors.root import HostError


class OnBehalfOfError(HostError):
    """There is no such token. What the authorization server wrote is never part of the text."""

    code = "on_behalf_of"


class NoCallerTokenError(OnBehalfOfError):
    """The turn came without a bearer token, or the process that had it is gone: tokens are never
    stored, so a run that goes on after a restart has none.
    """

    code = "no_caller_token"

    def __init__(self) -> None:
        super().__init__("This turn has no caller's token that could be exchanged.")


class InteractionRequiredError(OnBehalfOfError):
    """The person has to sign in again, with what `claims` asks for where it is given."""

    code = "interaction_required"

    def __init__(self, claims: str | None = None) -> None:
        super().__init__("The person has to sign in again for this.")
        self.claims = claims


class ConsentRequiredError(OnBehalfOfError):
    """The person, or who administers for them, has not agreed to these scopes."""

    code = "consent_required"

    def __init__(self) -> None:
        super().__init__("Nobody has agreed to this access yet.")


class InvalidGrantError(OnBehalfOfError):
    """The caller's token is not taken (any more), or not for these scopes; or the host's own
    credential is not.
    """

    code = "invalid_grant"

    def __init__(self) -> None:
        super().__init__("The authorization server refuses to exchange the caller's token.")


class ExchangeUnavailableError(OnBehalfOfError):
    """The authorization server cannot be reached, is overloaded, or makes no sense."""

    code = "exchange_unavailable"
    retryable = True

    def __init__(self) -> None:
        super().__init__("The authorization server does not answer at the moment.")


__all__ = [
    "ConsentRequiredError",
    "ExchangeUnavailableError",
    "InteractionRequiredError",
    "InvalidGrantError",
    "NoCallerTokenError",
    "OnBehalfOfError",
]
