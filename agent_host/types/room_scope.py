"""What is kept apart in rooms, by channel."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent_host.types.conversation_scope import ConversationScope, is_room, scoped_key
from agent_host.types.identifier import IsolationKey
from agent_host.types.principal import Conversation


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomScopes:
    """`default` is for channels that have no scope of their own."""

    default: ConversationScope = ConversationScope.PER_USER_PER_CONVERSATION
    channels: Mapping[str, ConversationScope] = field(default_factory=dict[str, ConversationScope])

    def is_shared(self, conversation: Conversation | None, *, channel: str) -> bool:
        """Whether the partition there is the room's and nobody's own."""
        scope = self.channels.get(channel, self.default)
        return is_room(conversation) and scope is ConversationScope.PER_CONVERSATION

    def narrow(
        self,
        key: IsolationKey,
        conversation: Conversation | None,
        *,
        channel: str,
        account: str,
    ) -> IsolationKey:
        """The partition of the person with this key where they speak; their own in private."""
        return scoped_key(
            key,
            conversation,
            scope=self.channels.get(channel, self.default),
            channel=channel,
            account=account,
        )


__all__ = ["RoomScopes"]
