"""What a target gets: one turn of one conversation."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from agent_host.types.checkpoint import Checkpoints
from agent_host.types.identifier import RunId
from agent_host.types.isolation import IsolationKeys
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.message import Message
from agent_host.types.principal import Conversation, Owner, Principal
from agent_host.types.question import Answer
from agent_host.types.quick_init import quick_init
from agent_host.types.response_target import ResponseRoute
from agent_host.types.session import SessionHistory


class CancelSignal:
    """Set once, when the run should stop. A target looks at it, or waits for it."""

    __slots__ = ("_event", "reason")

    def __init__(self) -> None:
        # Made by the first who waits: most targets never do.
        self._event: asyncio.Event | None = None
        self.reason: str | None = None

    def is_set(self) -> bool:
        """Whether the run should stop."""
        return self.reason is not None

    async def wait(self) -> None:
        """Return when the run should stop."""
        if self.reason is None:
            self._event = self._event or asyncio.Event()
            await self._event.wait()

    def set(self, reason: str) -> None:
        """Ask the run to stop; the first reason stays."""
        if self.reason is None:
            self.reason = reason
            if self._event is not None:
                self._event.set()


class SteeringInbox:
    """Messages that arrived for the running turn. Only a target that `steers` is sent any."""

    __slots__ = ("_arrived", "_waiting")

    def __init__(self) -> None:
        # Both made by the first who needs them: most targets never do.
        self._waiting: deque[tuple[Sequence[Message], Callable[[], None]]] | None = None
        self._arrived: asyncio.Event | None = None

    def put(self, messages: Sequence[Message], on_taken: Callable[[], None]) -> None:
        """Offer messages, in order; `on_taken` is called when the target takes them."""
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append((messages, on_taken))
        if self._arrived is not None:
            self._arrived.set()

    def take(self) -> tuple[Message, ...]:
        """All that arrived since the last call, oldest first, without waiting."""
        taken: list[Message] = []
        while self._waiting:
            messages, on_taken = self._waiting.popleft()
            taken.extend(messages)
            on_taken()
        if self._arrived is not None:
            self._arrived.clear()
        return tuple(taken)

    async def __aiter__(self) -> AsyncIterator[Message]:
        if self._arrived is None:
            self._arrived = asyncio.Event()
        while True:
            for message in self.take():
                yield message
            await self._arrived.wait()


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The input of one run.

    `messages` are the new ones; `input` is the same, or the typed value a `run_hook` made of them.
    `isolation` is whom a trusted platform speaks for, if one does. `history` is the session before
    this turn, None without a session or where the target keeps its own. `answer` is set when a
    target that `resumes` is run again. `attempt` counts from 1.
    `checkpoints` is for a target that says it keeps some, None where they would not survive.
    `route` lets the app's code say where the answer goes.
    """

    run_id: RunId
    messages: tuple[Message, ...]
    input: object
    principal: Principal
    owner: Owner
    isolation: IsolationKeys | None = None
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
    route: ResponseRoute = field(default_factory=ResponseRoute)
    answer: Answer | None = None
    attempt: int = 1
    checkpoints: Checkpoints | None = None

    @property
    def text(self) -> str:
        """What is said now: the text of the new messages, joined by line breaks.

        A caller that keeps the conversation itself sends all of it; then it is what follows the
        agent's last words, instructions left out.
        """
        messages = self.messages
        if len(messages) == 1:
            return messages[0].text
        said: list[str] = []
        for message in reversed(messages):
            if message.role in ("assistant", "tool"):
                break
            if message.role == "user":
                said.append(message.text)
        if not said:
            return "\n".join(message.text for message in messages)
        return "\n".join(reversed(said))

    @property
    def conversation_messages(self) -> tuple[Message, ...]:
        """History and the new messages, oldest first."""
        if self.history is None:
            return self.messages
        return (*self.history.messages, *self.messages)


__all__ = ["CancelSignal", "SteeringInbox", "Turn"]
