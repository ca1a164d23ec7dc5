"""Links between identities that cannot be made or undone."""

from agent_host.errors.access import AccessError
from agent_host.errors.request import RequestError


class LinkRefusedError(AccessError):
    """The two may not become one person. `reason_code` is for the log; the text says no more to
    either side than that.
    """

    code = "link_refused"

    def __init__(self, reason_code: str) -> None:
        super().__init__("These two accounts cannot be linked here.")
        self.reason_code = reason_code


class NotLinkedError(RequestError):
    """There is no link to undo."""

    code = "not_linked"

    def __init__(self) -> None:
        super().__init__("This account is linked to no other.")


__all__ = ["LinkRefusedError", "NotLinkedError"]
