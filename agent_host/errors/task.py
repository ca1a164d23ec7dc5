"""What a task cannot do, and what its handler says to the runner."""

from datetime import timedelta

from agent_host.errors.root import HostError


class TaskError(HostError):
    """A task cannot do what was asked of it."""

    code = "task"


class RetryTaskError(TaskError):
    """A handler raises it to be tried again, not before `retry_after` where one is given. `code` is
    one bounded word for whoever looks at the task.
    """

    code = "retry"
    retryable = True

    def __init__(
        self, message: str, retry_after: timedelta | None = None, *, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.code = code or self.code


class TaskHandedBackError(TaskError):
    """A handler raises it when its process goes down before the work is done: the task stays
    scheduled for the next process, and the attempt does not count.
    """

    code = "handed_back"
    retryable = True

    def __init__(self) -> None:
        super().__init__("The process goes down; the next one does the task.")


class TaskReplacedError(TaskError):
    """What is called when a task is given up raises it where another task goes on with the work:
    then it leaves no dead letter.
    """

    code = "replaced"

    def __init__(self) -> None:
        super().__init__("Another task goes on with the work.")


class PermanentTaskError(TaskError):
    """A handler raises it when no further attempt can help: the task becomes a dead letter."""

    code = "permanent"

    def __init__(self, message: str = "", *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code or self.code


__all__ = [
    "PermanentTaskError",
    "RetryTaskError",
    "TaskError",
    "TaskHandedBackError",
    "TaskReplacedError",
]
