"""What a channel keeps for one owner beside the host's own records."""

from dataclasses import dataclass
from enum import StrEnum

from agent_host.types.json import JsonObject


class RecordLife(StrEnum):
    """How long a record is kept that nobody deletes. `session`: as long as a session or a finished
    run, from the last write on. `owner`: until its owner is erased; for what somebody has set up,
    which has to have a bound of its own.
    """

    SESSION = "session"
    OWNER = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRecord:
    """`version` is for a write that must not overtake another."""

    value: JsonObject
    version: int


__all__ = ["ChannelRecord", "RecordLife"]
