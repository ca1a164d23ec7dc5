"""Folds a run's journal into a task's artifacts, and says what each entry changes. Pure; one per
follower.
"""

from collections.abc import Sequence
from datetime import datetime

from agent_host.types import (
    Artifact,
    ArtifactChunk,
    InputReceived,
    InputRequired,
    JournalEntry,
    PartAdded,
    ProgressReported,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunResult,
    RunStarted,
    TextDelta,
)
from agent_host_a2a.outbound import (
    agent_message,
    answer_artifact,
    answer_parts,
    artifact_fields,
    failure_message,
    failure_state,
    question_message,
    question_state,
    status_fields,
)
from agent_host_a2a.part import Fields, part_fields, shown_parts
from agent_host_a2a.schema import TaskState


class TaskProgress:
    """Feed it every entry in order, from the first on.

    The answer's text is sent as it comes, each piece appended to the artifact `answer`; at the end
    an empty piece closes it, or what was sent is replaced where the target's result says otherwise.
    A run that begins again after a crash says all of it once more, unless its target `resumes` from
    where it was: what comes then replaces what there was.
    """

    __slots__ = (
        "_accepted",
        "_answer",
        "_artifacts",
        "_context_id",
        "_resumes",
        "_run_id",
        "_state",
        "_was_answered",
    )

    def __init__(
        self,
        run_id: str,
        context_id: str,
        *,
        accepted: tuple[str, ...] = (),
        state: TaskState | None = None,
        resumes: bool = False,
    ) -> None:
        self._run_id = run_id
        self._context_id = context_id
        self._accepted = accepted
        self._state = state
        self._resumes = resumes
        self._was_answered = False
        self._answer: list[Fields] = []
        self._artifacts: dict[str, Fields] = {}

    def show(self, state: TaskState) -> None:
        """What the follower was told of the task's state."""
        self._state = state

    def artifacts(self) -> list[Fields]:
        """All that there is by now."""
        answer = [answer_artifact(joined(self._answer))] if self._answer else []
        return [*answer, *self._artifacts.values()]

    def take(self, entry: JournalEntry) -> list[Fields]:
        """What a follower is told of this entry, as `StreamResponse`s."""
        event = entry.event
        told: list[Fields]
        match event:
            case TextDelta(text=text):
                told = [self._say({"text": text})] if text else []
            case PartAdded(part=part):
                fields = part_fields(part, self._accepted)
                told = [] if fields is None else [self._say(fields)]
            case ArtifactChunk():
                told = self._take_chunk(event)
            case RunCompleted(result=result):
                told = [*self._close_answer(result), *self._add_artifacts(result)]
                told.append(self._status(TaskState.COMPLETED, entry.at))
            case _:
                told = self._take_change(entry)
        return told

    def _take_change(self, entry: JournalEntry) -> list[Fields]:
        message: Fields | None = None
        match entry.event:
            case RunStarted() | InputReceived():
                self._mind_new_attempt(entry.event)
                if self._state is TaskState.WORKING:
                    return []
                state = TaskState.WORKING
            case ProgressReported(text=text):
                state = TaskState.WORKING
                message = self._agent_message(f"{self._run_id}.{entry.sequence}", [{"text": text}])
            case InputRequired(questions=questions):
                state = question_state(questions)
                message = question_message(self._run_id, self._context_id, questions)
            case RunFailed(failure=failure):
                state = failure_state(failure)
                message = failure_message(self._run_id, self._context_id, failure)
            case RunCancelled():
                state = TaskState.CANCELED
            case _:
                return []
        return [self._status(state, entry.at, message)]

    def _mind_new_attempt(self, event: RunStarted | InputReceived) -> None:
        if isinstance(event, InputReceived):
            self._was_answered = True
            return
        if event.attempt > 1 and not (self._resumes or self._was_answered):
            self._answer.clear()
            self._artifacts.clear()
        self._was_answered = False

    def _say(self, part: Fields) -> Fields:
        append = bool(self._answer)
        self._answer.append(part)
        return self._update(answer_artifact([part]), append=append)

    def _take_chunk(self, chunk: ArtifactChunk) -> list[Fields]:
        before = self._artifacts.get(chunk.artifact_id) if chunk.append else None
        parts = shown_parts(chunk.parts, self._accepted)
        if not parts:
            if before is None or not chunk.last:
                return []
            parts = [{"text": ""}]  # closes it: an artifact has at least one part
        fields: Fields = {"artifactId": chunk.artifact_id}
        if chunk.name:
            fields["name"] = chunk.name
        if chunk.description:
            fields["description"] = chunk.description
        fields["parts"] = parts
        if chunk.metadata:
            fields["metadata"] = chunk.metadata
        self._artifacts[chunk.artifact_id] = (
            fields if before is None else {**before, **fields, "parts": [*before["parts"], *parts]}
        )
        return [self._update(fields, append=before is not None, last=chunk.last)]

    def _close_answer(self, result: RunResult) -> list[Fields]:
        sent, final = joined(self._answer), joined(answer_parts(result, self._accepted))
        self._answer = answer_parts(result, self._accepted)
        if sent and final[: len(sent)] == sent:
            rest = final[len(sent) :] or [{"text": ""}]
            return [self._update(answer_artifact(rest), append=True, last=True)]
        if not final:
            return []
        return [self._update(answer_artifact(final), last=True)]

    def _add_artifacts(self, result: RunResult) -> list[Fields]:
        updates: list[Fields] = []
        for artifact in result.artifacts:
            fields = artifact_fields(artifact, self._accepted)
            if fields is None or self._has(artifact, fields):
                continue
            self._artifacts[artifact.id] = fields
            updates.append(self._update(fields, last=True))
        return updates

    def _has(self, artifact: Artifact, fields: Fields) -> bool:
        sent = self._artifacts.get(artifact.id)
        return sent is not None and _without_closers(sent["parts"]) == fields["parts"]

    def _agent_message(self, message_id: str, parts: list[Fields]) -> Fields:
        return agent_message(message_id, parts, context_id=self._context_id, task_id=self._run_id)

    def _status(self, state: TaskState, at: datetime, message: Fields | None = None) -> Fields:
        self._state = state
        return {
            "statusUpdate": {
                "taskId": self._run_id,
                "contextId": self._context_id,
                "status": status_fields(state, at, message),
            }
        }

    def _update(self, artifact: Fields, *, append: bool = False, last: bool = False) -> Fields:
        update: Fields = {
            "taskId": self._run_id,
            "contextId": self._context_id,
            "artifact": artifact,
        }
        if append:
            update["append"] = True
        if last:
            update["lastChunk"] = True
        return {"artifactUpdate": update}


def joined(parts: Sequence[Fields]) -> list[Fields]:
    """The parts, neighbours of plain text made one."""
    whole: list[Fields] = []
    texts: list[str] = []
    for part in parts:
        if part.keys() == {"text"}:
            texts.append(part["text"])
            continue
        if texts:
            whole.append({"text": "".join(texts)})
            texts.clear()
        whole.append(part)
    if texts:
        whole.append({"text": "".join(texts)})
    return whole


def _without_closers(parts: list[Fields]) -> list[Fields]:
    return [part for part in parts if part != {"text": ""}]


__all__ = ["TaskProgress", "joined"]
