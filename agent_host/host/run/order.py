"""What a runner's task carries about a run. All else is in the store, so any process can do it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agent_host.codec import VersionedCodec
from agent_host.protocols.task_runner import TaskRunner
from agent_host.types.identifier import QuestionId, RunId
from agent_host.types.principal import Owner
from agent_host.types.question import Answer, Question
from agent_host.types.run import Run
from agent_host.types.run_policy import RunPolicy
from agent_host.types.task import Task, TaskSpec

RUN_KIND: Final = "run"
EXPIRY_KIND: Final = "question_expiry"
_DOUBTFUL: Final = "doubtful:"
KINDS: Final = frozenset({EXPIRY_KIND, RUN_KIND})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOrder:
    """Which run, and the answer it goes on with, if any. `asked` are the questions that it is
    about: a run may ask again later.
    """

    owner: Owner
    run_id: RunId
    answer: Answer | None = None
    asked: tuple[QuestionId, ...] = ()

    def is_about(self, questions: Sequence[Question]) -> bool:
        """Whether these are the questions it was made for."""
        return self.asked == _ids(questions)


ORDER_CODEC = VersionedCodec("run_order", 1, RunOrder)


def run_task(run: Run) -> TaskSpec:
    """The task that executes a new run."""
    order = RunOrder(owner=run.owner, run_id=run.id)
    return TaskSpec(kind=RUN_KIND, payload=ORDER_CODEC.encode(order), key=run.id)


def rerun_task(run: Run) -> TaskSpec:
    """The task that runs again what died with its process: one for each time it began."""
    order = RunOrder(owner=run.owner, run_id=run.id)
    key = f"{run.id}:{run.attempt}"
    return TaskSpec(kind=RUN_KIND, payload=ORDER_CODEC.encode(order), key=key)


def doubtful_task(given_up: Task) -> TaskSpec:
    """The task with the same order as one that was given up, for which one process after the other
    ended.
    """
    key = f"{_DOUBTFUL}{given_up.id}"
    return TaskSpec(kind=RUN_KIND, payload=given_up.spec.payload, key=key)


def is_doubtful(task: Task) -> bool:
    """Whether it is such a task."""
    return (task.spec.key or "").startswith(_DOUBTFUL)


def answer_task(run: Run, answer: Answer) -> TaskSpec:
    """The task that lets a suspended run go on: one for each round of questions.

    A round is told by when it was asked, as a target may ask under the same id again.
    """
    order = RunOrder(owner=run.owner, run_id=run.id, answer=answer, asked=_ids(run.questions))
    key = f"{_round(order)}:{run.updated_at.timestamp():.6f}"
    return TaskSpec(kind=RUN_KIND, payload=ORDER_CODEC.encode(order), key=key)


async def schedule_expiry(
    runner: TaskRunner, run: Run, questions: Sequence[Question], policy: RunPolicy
) -> None:
    """See to it that a suspended run does not wait for ever."""
    order = RunOrder(owner=run.owner, run_id=run.id, asked=_ids(questions))
    await runner.schedule(
        TaskSpec(
            kind=EXPIRY_KIND,
            payload=ORDER_CODEC.encode(order),
            key=_round(order),
            delay=policy.answer_time_limit,
        )
    )


def _ids(questions: Sequence[Question]) -> tuple[QuestionId, ...]:
    return tuple(question.id for question in questions)


def _round(order: RunOrder) -> str:
    return ":".join((order.run_id, *order.asked))


__all__ = [
    "EXPIRY_KIND",
    "ORDER_CODEC",
    "RUN_KIND",
    "RunOrder",
    "answer_task",
    "doubtful_task",
    "is_doubtful",
    "rerun_task",
    "run_task",
    "schedule_expiry",
]
