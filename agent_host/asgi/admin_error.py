"""What an operator asked for and a task cannot do as it stands. The text is for the operator."""

from agent_host.errors import HostError


class TaskStateError(HostError):
    """The task is there, and its state or its kind does not allow this."""

    code = "task_state"


__all__ = ["TaskStateError"]
