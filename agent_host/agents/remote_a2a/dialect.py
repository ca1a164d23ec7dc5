"""The forms of A2A that are spoken to an agent elsewhere, best first."""

from dataclasses import dataclass
from enum import Enum


class Dialect(Enum):
    """A binding with its version; `tasks/send` is what there was before 0.3."""

    JSON_RPC_1_0 = "JSONRPC 1.0"
    HTTP_JSON_1_0 = "HTTP+JSON 1.0"
    JSON_RPC_0_3 = "JSONRPC 0.3"
    TASKS_SEND = "tasks/send"

    @property
    def version(self) -> str | None:
        """What the header `A2A-Version` says; None where there was no such header."""
        return None if self is Dialect.TASKS_SEND else self.value.rpartition(" ")[2]

    @property
    def is_old(self) -> bool:
        """Whether it is spelled as before 1.0."""
        return self in {Dialect.JSON_RPC_0_3, Dialect.TASKS_SEND}


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """Where a dialect is spoken."""

    url: str
    dialect: Dialect


PREFERENCE = tuple(Dialect)

__all__ = ["PREFERENCE", "Dialect", "Interface"]
