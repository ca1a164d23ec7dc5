"""What a channel keeps for one owner beside the host's own records."""

from dataclasses import dataclass

from agent_host.types.json import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRecord:
    """`version` is for a write that must not overtake another."""

    value: JsonObject
    version: int


__all__ = ["ChannelRecord"]
