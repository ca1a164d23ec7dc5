"""Commands that could not be answered."""

from agent_host.errors.root import HostError


class CommandError(HostError):
    """The command's handler failed, or took too long. The text is safe to show."""

    code = "command_failed"
    retryable = True


__all__ = ["CommandError"]
