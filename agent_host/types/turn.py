"""What a target gets: one turn of one conversation."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from agent_host.types.identifier import RunId
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.message import Message
from agent_host.types.principal import Conversation, Owner, Principal
from agent_host.types.question import Answer
from agent_host.types.session import SessionHistory


class CancelSignal:
    """Set once, when the run should stop. A target looks at it, or waits for it."""

    __slots__ = ("_event", "reason")

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.reason: str | None = None

    def is_set(self) -> bool:
        """Whether the run should stop."""
        return self._event.is_set()

    async def wait(self) -> None:
        """Return when the run should stop."""
        await self._event.wait()

    def set(self, reason: str) -> None:
        """Ask the run to stop; the first reason stays."""
        if not self._event.is_set():
            self.reason = reason
            self._event.set()


class SteeringInbox:
    """Messages that arrived for the running turn. Only a target that `steers` is sent any."""

    __slots__ = ("_arrived", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[Message] = deque()
        self._arrived = asyncio.Event()

    def put(self, messages: Sequence[Message]) -> None:
        """Hand over messages, in order."""
        self._waiting.extend(messages)
        self._arrived.set()

    def take(self) -> tuple[Message, ...]:
        """All that arrived since the last call, oldest first, without waiting."""
        taken = tuple(self._waiting)
        self._waiting.clear()
        self._arrived.clear()
        return taken

    async def __aiter__(self) -> AsyncIterator[Message]:
        while True:
            await self._arrived.wait()
            for message in self.take():
                yield message


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The input of one run.

    `messages` are the new ones; `input` is the same, or the typed value a `run_hook` made of them.
    `history` is the session before this turn, None without a session or where the target keeps its
    own. `answer` is set when a target that `resumes` is run again. `attempt` counts from 1.
    """

    run_id: RunId
    messages: tuple[Message, ...]
    input: object
    principal: Principal
    owner: Owner
    history: SessionHistory | None = None
    session_id: str | None = None
    conversation: Conversation | None = None
    options: JsonObject = field(default_factory=dict[str, JsonValue])
    attributes: JsonObject = field(default_factory=dict[str, JsonValue])
    client_state: JsonValue = None
    client_tools: Sequence[JsonObject] = ()
    forwarded_props: JsonValue = None
    metadata: JsonObject = field(default_factory=dict[str, JsonValue])
    cancelled: CancelSignal = field(default_factory=CancelSignal)
    steering: SteeringInbox = field(default_factory=SteeringInbox)
    answer: Answer | None = None
    attempt: int = 1

    @property
    def text(self) -> str:
        """The text of the new messages, joined by line breaks."""
        return "\n".join(message.text for message in self.messages)

    @property
    def conversation_messages(self) -> tuple[Message, ...]:
        """History and the new messages, oldest first."""
        if self.history is None:
            return self.messages
        return (*self.history.messages, *self.messages)


__all__ = ["CancelSignal", "SteeringInbox", "Turn"]
