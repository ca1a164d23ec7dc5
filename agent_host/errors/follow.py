"""What stands against following a run."""

from agent_host.errors.request import RequestError
from agent_host.errors.task import TaskError


class FollowLimitError(RequestError):
    """The run, or the host, has as many follows as it may."""

    code = "follow_limit"


class FollowEndedError(TaskError):
    """The follow was deleted while an attempt at it was under way."""

    code = "follow_ended"

    def __init__(self) -> None:
        super().__init__("Nobody wants to be told any more.")


__all__ = ["FollowEndedError", "FollowLimitError"]
