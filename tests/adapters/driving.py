"""Turns to give to a target, and a driver that does what the engine does with its events."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from agent_host.adapters.function import FunctionAdapter
from agent_host.protocols.target import Target
from agent_host.types import (
    Answer,
    InputRequired,
    IsolationKey,
    Message,
    Owner,
    Principal,
    QuestionId,
    RunCompleted,
    RunEvent,
    RunId,
    RunResult,
    Session,
    SessionHistory,
    SessionId,
    TextDelta,
    Turn,
)

OWNER = Owner(tenant="default", isolation_key=IsolationKey("iso_1"))
NOW = datetime(2026, 1, 1, tzinfo=UTC)
T = TypeVar("T", bound=RunEvent)


def make_turn(text: str = "hello", **changes: Any) -> Turn:
    """A turn of one user message; `messages`, `history` and whatever else as wished."""
    messages = changes.pop("messages", (Message.user(text),))
    turn = Turn(
        run_id=RunId("run_1"),
        messages=messages,
        input=messages,
        principal=Principal(id="somebody", kind="anonymous"),
        owner=OWNER,
    )
    return replace(turn, **changes)


def make_history(messages: Sequence[Message]) -> SessionHistory:
    """A session with these messages before the turn."""
    session = Session(
        id=SessionId("ses_1"), owner=OWNER, created_at=NOW, last_active_at=NOW, name="one"
    )
    return SessionHistory(session=session, messages=tuple(messages))


@dataclass
class Driven:
    """All events of a run."""

    events: list[RunEvent] = field(default_factory=list[RunEvent])

    def of(self, kind: type[T]) -> list[T]:
        """Those of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def text(self) -> str:
        """The streamed text."""
        return "".join(event.text for event in self.of(TextDelta))

    @property
    def result(self) -> RunResult:
        """What the run completed with."""
        assert isinstance(self.events[-1], RunCompleted), self.events
        return self.events[-1].result


async def drive(target: Target, turn: Turn, *answers: object) -> Driven:
    """Run the target to its end; each question takes the next of `answers`.

    An answer is a value for the only question, or a mapping by question id.
    """
    driven = Driven()
    waiting = iter(answers)
    events: AsyncIterator[RunEvent] = target.run(turn)
    try:
        if not isinstance(events, AsyncGenerator):
            driven.events.extend([event async for event in events])
            return driven
        generator = cast("AsyncGenerator[RunEvent, Answer | None]", events)
        answer: Answer | None = None
        while True:
            event = await generator.asend(answer)
            driven.events.append(event)
            is_asking = isinstance(event, InputRequired) and not target.capabilities.resumes
            answer = make_answer(event, next(waiting)) if is_asking else None
    except StopAsyncIteration:
        return driven


def make_answer(event: RunEvent, value: object) -> Answer:
    """The engine's answer to all the questions of an event."""
    assert isinstance(event, InputRequired)
    if isinstance(value, Mapping):
        values = cast("Mapping[QuestionId, Any]", value)
        if set(values) == {question.id for question in event.questions}:
            return Answer(values=values)
    (question,) = event.questions
    return Answer(values={question.id: cast("Any", value)})


def host_function(function: object) -> Target:
    """A function as the host runs it."""
    return FunctionAdapter().adapt(function, name="given")
