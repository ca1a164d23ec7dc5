"""Steps of a link that lead nowhere. None of them says more than a guesser may know."""

from datetime import timedelta

from agent_host.errors.root import HostError


class LinkStepError(HostError):
    """The code, number or address is wrong, over, used up or somebody else's: it reads the same."""

    code = "link_step"

    def __init__(self) -> None:
        super().__init__("That does not lead to a link: it is wrong, or it is over. Begin again.")


class TooManyLinkStepsError(HostError):
    """Too many tries, whatever came of them. Nothing was looked at."""

    code = "too_many_link_steps"
    retryable = True

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("There were too many tries. Wait before you try again.")
        self.retry_after = retry_after


class SignInError(HostError):
    """The provider's part did not end well. `reason` is one bounded word for the log."""

    code = "sign_in"

    def __init__(self, reason: str) -> None:
        super().__init__("The sign-in did not work. Begin again where you asked for the link.")
        self.reason = reason


class SignInUnavailableError(HostError):
    """The provider cannot be reached, or makes no sense at the moment. For the operator."""

    code = "sign_in_unavailable"
    retryable = True


__all__ = ["LinkStepError", "SignInError", "SignInUnavailableError", "TooManyLinkStepsError"]
