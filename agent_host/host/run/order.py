"""What a runner's task carries about a run. All else is in the store, so any process can do it."""

from dataclasses import dataclass
from typing import Final

from agent_host.codec import VersionedCodec
from agent_host.protocols.task_runner import TaskRunner
from agent_host.types.identifier import RunId
from agent_host.types.principal import Owner
from agent_host.types.question import Answer
from agent_host.types.run import Run
from agent_host.types.run_policy import RunPolicy
from agent_host.types.task import TaskSpec

RUN_KIND: Final = "run"
EXPIRY_KIND: Final = "question_expiry"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOrder:
    """Which run, and the answer it goes on with, if any."""

    owner: Owner
    run_id: RunId
    answer: Answer | None = None


ORDER_CODEC = VersionedCodec("run_order", 1, RunOrder)


def run_task(run: Run) -> TaskSpec:
    """The task that executes a new run."""
    order = RunOrder(owner=run.owner, run_id=run.id)
    return TaskSpec(kind=RUN_KIND, payload=ORDER_CODEC.encode(order), key=run.id)


def answer_task(run: Run, answer: Answer) -> TaskSpec:
    """The task that lets a suspended run go on: one for each round of questions."""
    order = RunOrder(owner=run.owner, run_id=run.id, answer=answer)
    return TaskSpec(kind=RUN_KIND, payload=ORDER_CODEC.encode(order), key=_round(run))


async def schedule_expiry(runner: TaskRunner, run: Run, policy: RunPolicy) -> None:
    """See to it that a suspended run does not wait for ever."""
    order = RunOrder(owner=run.owner, run_id=run.id)
    await runner.schedule(
        TaskSpec(
            kind=EXPIRY_KIND,
            payload=ORDER_CODEC.encode(order),
            key=_round(run),
            delay=policy.answer_time_limit,
        )
    )


def _round(run: Run) -> str:
    return ":".join((run.id, *(question.id for question in run.questions)))


__all__ = [
    "EXPIRY_KIND",
    "ORDER_CODEC",
    "RUN_KIND",
    "RunOrder",
    "answer_task",
    "run_task",
    "schedule_expiry",
]
