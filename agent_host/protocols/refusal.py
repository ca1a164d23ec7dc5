"""The seam to whoever tells people why what they sent became no run."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from agent_host.errors import HostError
from agent_host.types.request import ChannelRequest

TellRefused: TypeAlias = Callable[[str, ChannelRequest, HostError], Awaitable[None]]
"""Called, at least once, for an event that was acknowledged and then refused, with its id. What it
raises makes the host try again. In a room a denial is told to nobody (`Conversation.kind`).
"""

__all__ = ["TellRefused"]
