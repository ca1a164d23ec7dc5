"""One message of a conversation."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from agent_host.types.identifier import MessageId
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.part import Part, TextPart
from agent_host.types.quick_init import maker, quick_init

Role: TypeAlias = Literal["user", "assistant", "system", "tool"]


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`role` said `parts`. `id` is unique within its session, None until the host stores it."""

    role: Role
    parts: tuple[Part, ...]
    id: MessageId | None = None
    metadata: JsonObject = field(default_factory=dict[str, JsonValue])

    @property
    def text(self) -> str:
        """The text parts joined, in order; other parts are passed over."""
        return "".join([part.text for part in self.parts if isinstance(part, TextPart)])

    @staticmethod
    def user(text: str) -> "Message":
        """A user's message of plain text."""
        return _make_message(role="user", parts=(_make_text(text=text),))

    @staticmethod
    def assistant(text: str) -> "Message":
        """An assistant's message of plain text."""
        return _make_message(role="assistant", parts=(_make_text(text=text),))


_make_message = maker(Message)
_make_text = maker(TextPart)

__all__ = ["Message", "Role"]
