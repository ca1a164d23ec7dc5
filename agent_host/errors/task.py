"""What a task cannot do, and what its handler says to the runner."""

from datetime import timedelta

from agent_host.errors.root import HostError


class TaskError(HostError):
    """A task cannot do what was asked of it."""

    code = "task"


class RetryTaskError(TaskError):
    """A handler raises it to be tried again, not before `retry_after` where one is given."""

    code = "retry"
    retryable = True

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TaskHandedBackError(TaskError):
    """A handler raises it when its process goes down before the work is done: the task stays
    scheduled for the next process, and the attempt does not count.
    """

    code = "handed_back"
    retryable = True

    def __init__(self) -> None:
        super().__init__("The process goes down; the next one does the task.")


class PermanentTaskError(TaskError):
    """A handler raises it when no further attempt can help: the task becomes a dead letter."""

    code = "permanent"


__all__ = ["PermanentTaskError", "RetryTaskError", "TaskError", "TaskHandedBackError"]
