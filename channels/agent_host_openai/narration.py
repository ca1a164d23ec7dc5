"""A run's events as those of a response, in the order and with the numbers that clients count on.
Pure; one per stream, or per response that is fetched.

Numbers depend on the run's journal and on nothing else, so a stream can be taken up again behind
any of them, from any process.
"""

from collections.abc import Callable, Iterable
from typing import Any

from agent_host.types import (
    ArtifactChunk,
    InputReceived,
    InputRequired,
    JournalEntry,
    PartAdded,
    Question,
    ReasoningDelta,
    RunCancelled,
    RunCompleted,
    RunEvent,
    RunFailed,
    RunStarted,
    TextDelta,
    ToolCallFinished,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from agent_host_openai.item_teller import ItemTeller
from agent_host_openai.outbound import failure_fields, seconds
from agent_host_openai.output import (
    COMPLETED,
    FAILED,
    IN_PROGRESS,
    INCOMPLETE,
    items_of,
    message_item,
    usage_fields,
)
from agent_host_openai.question import (
    APPROVAL,
    CLIENT_TOOL,
    Fields,
    approval_fields,
    call_fields,
)


class Narration:
    """Call `begin` once and `tell` for every entry, from the run's first, until `is_over`.

    `response` is the response so far. `stretch` is which part of the run it is, see `identifier`.
    `goes_on` says that the target goes on where an attempt died, and does not begin anew.
    """

    def __init__(
        self,
        response: Fields,
        *,
        run_id: str,
        stretch: int,
        server_label: str,
        goes_on: bool = False,
    ) -> None:
        self.response = response
        self.is_over = False
        self._run_id = run_id
        self._tail: str = response["id"].removeprefix("resp_")
        self._skip = stretch
        self._is_first = stretch == 0
        self._label = server_label
        self._client_tools = frozenset(tool["name"] for tool in response["tools"])
        self._teller = ItemTeller(self._tail, server_label=server_label)
        self._earlier: list[str] = []
        self._usage: Usage | None = None
        self._has_begun = False
        self._goes_on = goes_on
        self._abandoned = 0
        self._handlers: dict[type[RunEvent], Callable[[Any], None]] = {
            TextDelta: self._text,
            ReasoningDelta: self._reasoning,
            ToolCallStarted: self._call,
            ToolCallFinished: self._return,
            PartAdded: self._part,
            ArtifactChunk: self._artifact,
            UsageReported: self._spend,
            RunStarted: self._start,
            InputReceived: self._go_on,
            InputRequired: self._ask,
            RunCompleted: self._complete,
            RunFailed: self._fail,
            RunCancelled: self._cancel,
        }

    @property
    def sequence(self) -> int:
        """The number of the next event."""
        return self._teller.sequence

    def begin(self) -> list[bytes]:
        """The frames that stand before everything else."""
        waits = self.response["background"]
        self.response["status"] = "queued" if waits else IN_PROGRESS
        self._state("created")
        if waits:
            self._state("queued")
        else:
            self._progress()
        return self._teller.take()

    def tell(self, entry: JournalEntry) -> list[bytes]:
        """The frames for one entry; often none."""
        event = entry.event
        if self._skip:
            self._pass_over(event)
            return []
        handle = self._handlers.get(type(event))
        if handle is None:
            return []
        if isinstance(event, RunCompleted | InputRequired):
            self.response["completed_at"] = seconds(entry.at)
        handle(event)
        return self._teller.take()

    def _pass_over(self, event: RunEvent) -> None:
        if isinstance(event, InputReceived):
            self._skip -= 1
        elif isinstance(event, TextDelta):
            self._earlier.append(event.text)

    def _text(self, event: TextDelta) -> None:
        self._teller.text(event.text, event.message_id)

    def _reasoning(self, event: ReasoningDelta) -> None:
        self._teller.reasoning(event.text)

    def _call(self, event: ToolCallStarted) -> None:
        if event.name not in self._client_tools:  # those the caller is asked for, see `_ask`
            self._teller.call(event)

    def _return(self, event: ToolCallFinished) -> None:
        if event.name not in self._client_tools:
            self._teller.returned(event)

    def _part(self, event: PartAdded) -> None:
        self._teller.part(event.part, event.message_id)

    def _artifact(self, event: ArtifactChunk) -> None:
        for part in event.parts:
            self._teller.part(part, f"artifact {event.artifact_id}")

    def _spend(self, event: UsageReported) -> None:
        self._usage = event.usage if self._usage is None else self._usage + event.usage

    def _start(self, _: RunStarted) -> None:
        # Not the first time where an attempt died with its process. What it told was told, and is
        # no part of the answer where the next attempt begins anew.
        self._teller.close(INCOMPLETE)
        self._teller.give_up_calls()
        if not self._goes_on:
            self._abandoned = len(self._teller.items)
        if not self._has_begun:
            self._progress()

    def _go_on(self, _: InputReceived) -> None:
        # The questions before it were this response's end, and what they were cannot be read.
        self._teller.close(INCOMPLETE)
        self._end(INCOMPLETE)

    def _ask(self, event: InputRequired) -> None:
        self._teller.close(COMPLETED)
        for question in event.questions:
            self._teller.whole(self._asked(question))
        self._end(COMPLETED)

    def _asked(self, question: Question) -> Fields:
        if question.kind == CLIENT_TOOL:
            item_id = self._teller.new_id("fc")
            return call_fields(question, run_id=self._run_id, item_id=item_id, status=COMPLETED)
        if question.kind == APPROVAL:
            return approval_fields(question, run_id=self._run_id, server_label=self._label)
        return message_item(self._teller.new_id("msg"), [question.prompt])

    def _complete(self, event: RunCompleted) -> None:
        self._teller.close(COMPLETED)
        result = event.result
        if self._is_first and result.usage is not None:
            self._usage = result.usage
        is_told = len(self._teller.items) > self._abandoned or (
            self._earlier and _joined(result.text) == _joined(self._earlier)
        )
        if not is_told:
            for item in items_of(result, tail=self._tail, server_label=self._label):
                self._teller.whole(item)
        self._end(COMPLETED)

    def _fail(self, event: RunFailed) -> None:
        self._teller.close(INCOMPLETE)
        self.response["error"] = failure_fields(event.failure)
        self._end(FAILED)

    def _cancel(self, _: RunCancelled) -> None:
        self._teller.close(INCOMPLETE)
        self._end("cancelled")

    def _end(self, status: str) -> None:
        self._teller.give_up_calls()
        self.response.update(
            status=status,
            output=self._teller.items[self._abandoned :],
            usage=usage_fields(self._usage),
        )
        # A stream has no word for "cancelled"; the response in it has.
        self._state(INCOMPLETE if status == "cancelled" else status)
        self.is_over = True

    def _progress(self) -> None:
        self._has_begun = True
        self.response["status"] = IN_PROGRESS
        self._state("in_progress")

    def _state(self, kind: str) -> None:
        self._teller.say(f"response.{kind}", response=self.response)


def _joined(texts: str | Iterable[str]) -> str:
    return "".join("".join(texts).split())


__all__ = ["Narration"]
