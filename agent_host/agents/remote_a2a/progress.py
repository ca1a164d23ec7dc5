"""Folds what an agent elsewhere tells of a task into a run's events and its result. Pure; one for
each run.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from agent_host.agents.remote_a2a.failure import of_task
from agent_host.agents.remote_a2a.message_form import Fields
from agent_host.agents.remote_a2a.part_form import text_of, to_parts
from agent_host.agents.remote_a2a.piece import Piece, joined, rest_of
from agent_host.agents.remote_a2a.reply_form import as_object, as_objects
from agent_host.errors import TargetError, TargetRejectedError
from agent_host.types.event import PartAdded, ProgressReported, RunEvent, TextDelta
from agent_host.types.identifier import MessageId
from agent_host.types.message import Message
from agent_host.types.part import Part, TextPart
from agent_host.types.result import RunResult

COMPLETED: Final = "TASK_STATE_COMPLETED"
CANCELED: Final = "TASK_STATE_CANCELED"
FAILED: Final = "TASK_STATE_FAILED"
REJECTED: Final = "TASK_STATE_REJECTED"
AUTH_REQUIRED: Final = "TASK_STATE_AUTH_REQUIRED"
TERMINAL: Final = frozenset({COMPLETED, CANCELED, FAILED, REJECTED})
INTERRUPTED: Final = frozenset({"TASK_STATE_INPUT_REQUIRED", AUTH_REQUIRED})

_ANSWERS: Final = frozenset({"answer", "response", "result"})
_ROLES: Final = frozenset({"agent", "ROLE_AGENT"})


class RemoteProgress:
    """Feed it every `StreamResponse` in order.

    The answer is the artifact called `answer`, `response` or `result`, or the first without a name
    that begins with text; and what the agent says with a completed task, or in place of one. Other
    artifacts stay artifacts. If nothing was said in the end, the text of the artifacts is the
    answer too, so that it is seen where artifacts are not.
    """

    def __init__(self, run_id: str) -> None:
        self._closing_id = MessageId(f"{run_id}.closing")
        self._pieces: dict[str, Piece] = {}
        self._answer_id: str | None = None
        self._told: list[Part] = []
        self._is_astray = False
        self._closing: tuple[Part, ...] = ()
        self._shown: tuple[object, object] | None = None
        self.task_id: str | None = None
        self.context_id: str | None = None
        self.status: Fields = {}
        self.is_message = False

    @property
    def state(self) -> str:
        """The task's state; a message is a task that is completed."""
        return COMPLETED if self.is_message else str(self.status.get("state", ""))

    @property
    def mark(self) -> str:
        """Tells one question of a task from the next."""
        message = as_object(self.status.get("message"))
        return f"{self.state} {self.status.get('timestamp')} {message.get('messageId')}"

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that could be an answer."""
        return not (self._pieces or self._closing)

    def take(self, response: Fields) -> Iterator[RunEvent]:
        """What a run tells of it."""
        ((kind, value),) = response.items()
        self._note(value, is_task=kind == "task")
        match kind:
            case "message":
                self.is_message = True
                yield from self._close(value)
            case "task":
                is_over = as_object(value.get("status")).get("state") in TERMINAL
                for artifact in as_objects(value.get("artifacts")):
                    yield from self._stand(artifact, is_over=is_over)
                yield from self._change(as_object(value.get("status")))
            case "statusUpdate":
                yield from self._change(as_object(value.get("status")))
            case _:
                yield from self._update(value)

    def take_history(self, task: Fields) -> Iterator[RunEvent]:
        """What the agent said last in a task that has nothing else to show for it."""
        said: list[Fields] = []
        for message in as_objects(as_object(task.get("task")).get("history")):
            if message.get("role") in _ROLES:
                said.append(message)
            else:
                said.clear()
        if said:
            yield from self._close(said[-1])

    def result(self) -> RunResult:
        """What the run leaves behind."""
        answer = None if self._answer_id is None else self._pieces[self._answer_id]
        said = [] if answer is None else joined(answer.parts)
        messages = [tuple(said)] if said else []
        if self._closing and self._closing != tuple(said):
            messages.append(self._closing)
        if not any(isinstance(part, TextPart) for parts in messages for part in parts):
            text = "\n\n".join(self._artifact_texts())
            if text:
                messages.append((TextPart(text=text),))
        return RunResult(
            messages=tuple(Message(role="assistant", parts=parts) for parts in messages),
            artifacts=tuple(
                piece.artifact() for name, piece in self._pieces.items() if name != self._answer_id
            ),
        )

    def failure(self) -> TargetError | None:
        """How the task failed, if it did."""
        message = as_object(self.status.get("message"))
        text = text_of(message.get("parts"))
        if self.state == REJECTED:
            return TargetRejectedError(text or "The remote agent will not do that.")
        if self.state != FAILED:
            return None
        seen = [as_object(part.get("metadata")) for part in as_objects(message.get("parts"))]
        coded = [one for one in seen if "errorCode" in one]
        known: Fields = coded[0] if coded else {}
        return of_task(text, known.get("errorCode"), is_retryable=known.get("retryable") is True)

    def _note(self, value: Fields, *, is_task: bool) -> None:
        task_id = value.get("id" if is_task else "taskId")
        if isinstance(task_id, str) and task_id:
            self.task_id = task_id
        context_id = value.get("contextId")
        if isinstance(context_id, str) and context_id:
            self.context_id = context_id

    def _change(self, status: Fields) -> Iterator[RunEvent]:
        if not status:
            return
        self.status = status
        message = as_object(status.get("message"))
        if not message:
            return
        if status.get("state") == COMPLETED:
            yield from self._close(message)
        elif status.get("state") not in TERMINAL | INTERRUPTED:
            text = text_of(message.get("parts"))
            # A task that is looked at again says the same once more.
            shown = (message.get("messageId"), text)
            if text and shown != self._shown:
                self._shown = shown
                yield ProgressReported(text=text)

    def _close(self, message: Fields) -> Iterator[RunEvent]:
        parts = tuple(joined([*to_parts(message.get("parts"))]))
        if parts == self._closing or parts == tuple(joined(self._told)):
            return
        is_first = not self._closing
        self._closing = parts
        if is_first:
            yield from _events(parts, self._closing_id if self._told else None)

    def _stand(self, fields: Fields, *, is_over: bool) -> Iterator[RunEvent]:
        """An artifact as it stands, of which a part may have been told."""
        piece = Piece.of(fields)
        before = self._pieces.get(piece.id)
        self._pieces[piece.id] = piece
        if self._is_answer(piece):
            yield from self._say_rest()
            return
        rest = None if before is None else rest_of(before.parts, piece.parts)
        if rest is None:
            yield piece.chunk(piece.parts, append=False, last=is_over)
        elif rest:
            yield piece.chunk(rest, append=True, last=is_over)

    def _update(self, update: Fields) -> Iterator[RunEvent]:
        piece = Piece.of(as_object(update.get("artifact")))
        before = self._pieces.get(piece.id)
        append = update.get("append") is True and before is not None
        new = piece.parts
        if append and before is not None:
            piece = before.extended(piece)
        self._pieces[piece.id] = piece
        if not self._is_answer(piece):
            yield piece.chunk(new, append=append, last=update.get("lastChunk") is True)
        elif append and not self._is_astray:
            self._told += new
            yield from _events(new, None)
        else:
            yield from self._say_rest()

    def _is_answer(self, piece: Piece) -> bool:
        if self._answer_id is None:
            called = {piece.id.lower(), (piece.name or "").lower()}
            starts = bool(piece.parts) and isinstance(piece.parts[0], TextPart)
            if called & _ANSWERS or (piece.name is None and starts):
                self._answer_id = piece.id
        return piece.id == self._answer_id

    def _say_rest(self) -> Iterator[RunEvent]:
        """What was not told of the answer yet. If it turned out another one, the result says so:
        what was told cannot be taken back.
        """
        answer = self._pieces[str(self._answer_id)]
        rest = None if self._is_astray else rest_of(self._told, answer.parts)
        if rest is None:
            self._is_astray = True
            return
        self._told += rest
        yield from _events(rest, None)

    def _artifact_texts(self) -> Iterator[str]:
        for piece in self._pieces.values():
            text = "".join(part.text for part in piece.parts if isinstance(part, TextPart))
            if text:
                yield text


def _events(parts: Sequence[Part], message_id: MessageId | None) -> Iterator[RunEvent]:
    for part in parts:
        if not isinstance(part, TextPart):
            yield PartAdded(part=part, message_id=message_id)
        elif part.text:
            yield TextDelta(text=part.text, message_id=message_id)


__all__ = [
    "AUTH_REQUIRED",
    "CANCELED",
    "COMPLETED",
    "INTERRUPTED",
    "TERMINAL",
    "RemoteProgress",
]
