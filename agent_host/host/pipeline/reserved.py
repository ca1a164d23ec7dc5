"""What a caller may not bring along: metadata under the host's own names.

Adapters keep a framework's own messages there, so that history is whole. What comes from outside
under those names would be believed to be theirs.
"""

from dataclasses import replace
from typing import Final

from agent_host.types.message import Message
from agent_host.types.request import ChannelRequest

RESERVED: Final = "agent_host"


def without_reserved_metadata(request: ChannelRequest) -> ChannelRequest:
    """The request, its messages stripped of metadata whose names begin with `agent_host`."""
    if not any(message.metadata for message in request.input):
        return request
    return replace(request, input=tuple(_stripped(message) for message in request.input))


def _stripped(message: Message) -> Message:
    kept = {name: at for name, at in message.metadata.items() if not name.startswith(RESERVED)}
    return replace(message, metadata=kept)


__all__ = ["RESERVED", "without_reserved_metadata"]
