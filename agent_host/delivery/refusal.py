"""What somebody is told whose message was acknowledged and then refused. Pure."""

from agent_host.errors import (
    AccessError,
    HostError,
    RequestError,
    SessionError,
    TargetError,
)
from agent_host.types.request import ChannelRequest

_SHOWN = (AccessError, RequestError, SessionError, TargetError)
_FAILED = "Your message could not be handled. Try again later."


def refusal_text(request: ChannelRequest, error: HostError) -> str | None:
    """One sentence; None for nothing: who may not come in is not told so in a room, where others
    read it, and a challenge is for its person alone.
    """
    conversation = request.caller.conversation
    in_room = conversation is not None and conversation.kind == "group"
    if in_room and isinstance(error, AccessError):
        return None
    if isinstance(error, _SHOWN):
        return str(error)
    return _FAILED


__all__ = ["refusal_text"]
