"""People and rooms are two axes: which partition a turn in a shared room belongs to."""

from enum import StrEnum
from hashlib import blake2b
from typing import Final

from agent_host.types.identifier import ISOLATION_PREFIX, IsolationKey
from agent_host.types.principal import Conversation

_DIGEST_BYTES: Final = 20


class ConversationScope(StrEnum):
    """What is kept apart in rooms. In private it is always the person.

    `per_user_per_conversation`: each person in each room; nothing of it is seen in private, nor in
    another room. `per_user`: the person, wherever they speak: what they asked in private can come
    up before the room. `per_conversation`: the room, for all who are in it.
    """

    PER_USER = "per_user"
    PER_USER_PER_CONVERSATION = "per_user_per_conversation"
    PER_CONVERSATION = "per_conversation"


def is_room(conversation: Conversation | None) -> bool:
    """Whether others are there."""
    return conversation is not None and conversation.kind == "group"


def scoped_key(
    key: IsolationKey,
    conversation: Conversation | None,
    *,
    scope: ConversationScope,
    channel: str,
    account: str,
) -> IsolationKey:
    """The partition of the person with this key in this conversation.

    Threads of a room are in one partition. Parts are hashed with their lengths, so that no two
    rooms and no two people share one.
    """
    if conversation is None or conversation.kind != "group":
        return key
    match scope:
        case ConversationScope.PER_USER:
            return key
        case ConversationScope.PER_USER_PER_CONVERSATION:
            return _derive(b"person in room", key, channel, account, conversation.id)
        case ConversationScope.PER_CONVERSATION:
            return _derive(b"room", channel, account, conversation.id)


def _derive(kind: bytes, *parts: str) -> IsolationKey:
    digest = blake2b(digest_size=_DIGEST_BYTES, person=kind)
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(encoded))
        digest.update(encoded)
    return IsolationKey(ISOLATION_PREFIX + digest.hexdigest())


__all__ = ["ConversationScope", "is_room", "scoped_key"]
