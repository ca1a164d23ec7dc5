"""How a refusal is said: to the person in private, and in a room not at all."""

from agent_host.errors import DeniedError, LinkRequiredError
from agent_host.types.conversation_scope import is_room
from agent_host.types.decision import Denied, LinkRequired
from agent_host.types.request import Caller


def refusal_of(decision: Denied | LinkRequired, caller: Caller) -> DeniedError | LinkRequiredError:
    """The error for a decision. Others who are in the room learn neither that somebody was refused
    nor why, nor do they see a challenge they could answer in their place.
    """
    is_silent = is_room(caller.conversation)
    if isinstance(decision, LinkRequired):
        return LinkRequiredError(decision.challenge, is_silent=is_silent)
    return DeniedError(decision.user_message, decision.reason_code, is_silent=is_silent)


__all__ = ["refusal_of"]
