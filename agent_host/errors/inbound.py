"""Events that cannot be taken now."""

from datetime import timedelta

from agent_host.errors.root import HostError


class BacklogFullError(HostError):
    """Too many events wait already. Nothing of this one was kept: the platform shall send it
    again, not before `retry_after`.
    """

    code = "backlog_full"
    retryable = True

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("Too many events are waiting. Send this one again later.")
        self.retry_after = retry_after


__all__ = ["BacklogFullError"]
