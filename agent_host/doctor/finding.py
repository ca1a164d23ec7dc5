"""What a check finds, as values: how grave it is, what was seen, and what to change."""

from dataclasses import dataclass
from enum import StrEnum

from agent_host.settings.option import PREFIX


class Status(StrEnum):
    """How grave it is. Only a `problem` makes a host unsafe or keeps it from working."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line for the operator. It holds no secret, and nothing that people wrote."""

    status: Status
    found: str
    change: str = ""

    def __str__(self) -> str:
        return f"{self.found} {self.change}" if self.change else self.found


def ok(found: str) -> Finding:
    """As it should be."""
    return Finding(status=Status.OK, found=found)


def warning(found: str, change: str) -> Finding:
    """It works, and somebody should think about it."""
    return Finding(status=Status.WARNING, found=found, change=change)


def problem(found: str, change: str = "") -> Finding:
    """Unsafe, or it does not work. `change` is empty where `found` says what to do."""
    return Finding(status=Status.PROBLEM, found=found, change=change)


def skipped(found: str) -> Finding:
    """Not looked at, and why."""
    return Finding(status=Status.SKIPPED, found=found)


def setting(key: str) -> str:
    """A setting as an operator finds it: its name in the file, and its variable."""
    return f"`{key}` ({PREFIX}{key.upper().replace('.', '__')})"


__all__ = ["Finding", "Status", "ok", "problem", "setting", "skipped", "warning"]
