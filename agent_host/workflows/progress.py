"""How far a run of a workflow has come, and how it gets there again.

One record per run: the input, what finished steps returned, and what the next one was answered.
It is written behind every step and before every question. Without checkpoints from the host it is
kept nowhere, and nothing is said.
"""

import asyncio
import inspect
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar, get_type_hints

from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError
from pydantic_core import to_json as to_json_bytes

from agent_host.calling.answer import to_json
from agent_host.calling.checkpoint import read_checkpoint
from agent_host.calling.feed import Feed
from agent_host.codec import VersionedCodec
from agent_host.errors import FailureCode, InvalidInputError, TargetError, UnreadableRecordError
from agent_host.types.event import InputRequired
from agent_host.types.identifier import QUESTION_PREFIX, QuestionId
from agent_host.types.json import JsonValue
from agent_host.types.question import UNASSIGNED, Question
from agent_host.types.turn import Turn
from agent_host.workflows.step import Step

OPTION: Final = "checkpoint"
"""The option that names a run, or `run:step`, behind which a new run begins."""

_NAME: Final = "progress"

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowCheckpoint:
    """As stored. `answers` are those that the step behind `outputs` has had; `asks` is the question
    that it waits with, so that no answer counts for two.
    """

    workflow: str
    version: str
    input: JsonValue
    outputs: dict[str, JsonValue]
    answers: tuple[JsonValue, ...] = ()
    asks: QuestionId | None = None


CODEC = VersionedCodec("workflow_checkpoint", 1, WorkflowCheckpoint)


class Progress:
    """Of one run. `outputs` are those of the steps that are not run again."""

    def __init__(self, turn: Turn, reached: WorkflowCheckpoint, *, is_restored: bool) -> None:
        self._turn = turn
        self._reached = reached
        self._asked = 0
        self._asking = asyncio.Lock()
        self.is_restored = is_restored

    @classmethod
    async def load(
        cls, turn: Turn, *, name: str, version: str, steps: Sequence[Step]
    ) -> "Progress":
        """Where this run stands: behind what an earlier attempt finished, or behind the checkpoint
        that its options name, or at the start.

        Raises:
            InvalidInputError: the named checkpoint is none of the owner's, is not kept any more,
                cannot be read, or is of another workflow or version.
            TargetError: this run's own cannot be read. It is not begun anew, as that would run
                steps twice that are done.
        """
        start = WorkflowCheckpoint(workflow=name, version=version, input=None, outputs={})
        wanted = turn.options.get(OPTION)
        try:
            found = await _read(turn, turn.run_id)
        except UnreadableRecordError as error:
            message = "How far this run had come cannot be read any more."
            raise TargetError(message, code=FailureCode.INTERRUPTED, retryable=True) from error
        if found is None and wanted is not None:
            if not isinstance(wanted, str):
                raise _unfit("is a run's id, or one with a step's behind a colon")
            found = await _named(turn, wanted)
        if found is None:
            return cls(turn, start, is_restored=False)
        ids = [step.id for step in steps]
        if (found.workflow, found.version) != (name, version) or list(found.outputs) != ids[
            : len(found.outputs)
        ]:
            raise _unfit("is of another workflow, or of another version of it")
        given = None if turn.answer is None else turn.answer.values
        if given is not None and found.asks is not None and found.asks in given:
            # Once: whoever takes this attempt over finds the answer in the checkpoint.
            found = replace(found, answers=(*found.answers, given[found.asks]), asks=None)
            progress = cls(turn, found, is_restored=True)
            await progress._save()
            return progress
        return cls(turn, found, is_restored=True)

    @property
    def outputs(self) -> dict[str, JsonValue]:
        """What finished steps returned, as JSON, in their order."""
        return dict(self._reached.outputs)

    def input(self, adapter: TypeAdapter[T]) -> T:
        """The input that the run began with."""
        return adapter.validate_json(to_json_bytes(self._reached.input))

    def begin(self, input_value: object) -> None:
        """The run is new, with this input.

        Raises:
            TypeError: it has no JSON form, and there are checkpoints to be kept.
        """
        if self._turn.checkpoints is not None:
            self._reached = replace(self._reached, input=to_json(input_value))

    async def finish(self, step: Step, output: JsonValue) -> None:
        """Keep what the step returned; it is not run again once this has returned."""
        outputs = {**self._reached.outputs, step.id: output}
        self._reached = replace(self._reached, outputs=outputs, answers=(), asks=None)
        self._asked = 0
        await self._save()

    async def ask(self, question: Question, feed: Feed) -> JsonValue:
        """The answer. With checkpoints the run is suspended, and the step begins anew once it is
        answered; it is then given the same answers in the same order.
        """
        if self._turn.checkpoints is None:
            return (await feed.ask(question)).value
        async with self._asking:
            position = self._asked
            self._asked += 1
            if position < len(self._reached.answers):
                return self._reached.answers[position]
            if question.id == UNASSIGNED:
                made = QuestionId(f"{QUESTION_PREFIX}{len(self._reached.outputs)}.{position}")
                question = replace(question, id=made)
            self._reached = replace(self._reached, asks=question.id)
            await self._save()
            await feed.put(InputRequired(questions=(question,)))
            await asyncio.Event().wait()  # The engine ends this attempt here.
        message = "unreachable"
        raise RuntimeError(message)

    async def _save(self) -> None:
        if self._turn.checkpoints is not None:
            values = {_NAME: CODEC.encode(self._reached)}
            await self._turn.checkpoints.put(self._turn.run_id, values)


def restored(step: Step, output: JsonValue) -> object:
    """A step's output as its return annotation says, or as JSON where that says nothing."""
    try:
        hint: Any = get_type_hints(step.run).get("return")
    except (NameError, TypeError):
        return output
    if hint is None or hint is inspect.Parameter.empty:
        return output
    try:
        return TypeAdapter[object](hint).validate_json(to_json_bytes(output))
    except (PydanticSchemaGenerationError, ValidationError):
        return output


async def _read(turn: Turn, run_id: str) -> WorkflowCheckpoint | None:
    if turn.checkpoints is None:
        return None
    return await read_checkpoint(turn.checkpoints, run_id, _NAME, CODEC.decode)


async def _named(turn: Turn, wanted: str) -> WorkflowCheckpoint:
    if turn.checkpoints is None:
        raise _unfit("cannot be used: this host keeps none, as its store does not survive it")
    run_id, _, step_id = wanted.partition(":")
    try:
        found = await _read(turn, run_id)
    except UnreadableRecordError:
        found = None
    if found is None or (step_id and step_id not in found.outputs):
        raise _unfit("is none of yours, or is not kept any more")
    if not step_id:
        return replace(found, asks=None)
    ids = list(found.outputs)
    kept = ids[: ids.index(step_id) + 1]
    outputs = {one: found.outputs[one] for one in kept}
    return replace(found, outputs=outputs, answers=(), asks=None)


def _unfit(rule: str) -> InvalidInputError:
    message = f"The checkpoint to begin behind {rule}."
    return InvalidInputError(message, ((f"options.{OPTION}", rule),))


__all__ = ["OPTION", "Progress", "WorkflowCheckpoint", "restored"]
