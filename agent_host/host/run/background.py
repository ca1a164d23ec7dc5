"""Background runs, and suspended runs that go on: tasks of the durable runner."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

from agent_host.errors import (
    HostError,
    NoQuestionError,
    StoreError,
    StoreUnavailableError,
    TargetError,
    TaskHandedBackError,
    TaskReplacedError,
)
from agent_host.host.run.caller_token import CallerTokens
from agent_host.host.run.engine import PreparedRun, RunEngine
from agent_host.host.run.failure import INTERRUPTED, NOT_ANSWERED, failure_of
from agent_host.host.run.ledger import RunLedger
from agent_host.host.run.lost_preparation import LostPreparations
from agent_host.host.run.order import (
    EXPIRY_KIND,
    ORDER_CODEC,
    RUN_KIND,
    RunOrder,
    answer_task,
    doubtful_task,
    is_doubtful,
    rerun_task,
    run_task,
)
from agent_host.host.run.part import EngineParts
from agent_host.host.run.trail import RunTrail
from agent_host.host.run.turn_maker import TurnMaker
from agent_host.host.session.gate import Place, SessionGate
from agent_host.types.event import RunFailed
from agent_host.types.identifier import RunId
from agent_host.types.principal import Owner
from agent_host.types.question import Answer
from agent_host.types.run import Run, RunStatus
from agent_host.types.store import ABSENT, Write
from agent_host.types.task import RetryPolicy, Task

logger = logging.getLogger(__name__)

TASK_TIME_LIMIT = timedelta(days=7)
BEGINNINGS_LIMIT = RetryPolicy().attempts_limit
"""A run that has begun so often, or was to, and whose process ended each time, is not begun again.
"""


class BackgroundRuns:
    """Hands runs to the runner and does them when they come back."""

    def __init__(
        self, parts: EngineParts, *, engine: RunEngine, gate: SessionGate, turns: TurnMaker
    ) -> None:
        self._parts = parts
        self._engine = engine
        self._gate = gate
        self._turns = turns
        self._places: dict[RunId, Place] = {}
        self._tokens = CallerTokens()
        self._lost = LostPreparations()
        limit = parts.policy.background_limit
        retry = RetryPolicy(attempts_limit=BEGINNINGS_LIMIT, time_limit=TASK_TIME_LIMIT)
        parts.runner.register(
            RUN_KIND, self._do, concurrency=limit, retry=retry, on_dead=self._give_up
        )
        parts.runner.register(EXPIRY_KIND, self._expire, concurrency=limit, retry=RetryPolicy())

    async def start(self, prepared: PreparedRun) -> Run:
        """Store the run and its task in one step."""
        run = self._engine.new_run(prepared, status=RunStatus.QUEUED)
        writes = (
            *prepared.writes,
            self._parts.requests.put(prepared.stored),
            self._parts.runs.put(run, expect=ABSENT),
            *self._parts.run_index.put(run, version=ABSENT),
        )
        if prepared.place is not None:
            self._places[run.id] = prepared.place
            prepared.place.parked = True
        self._tokens.keep(run.id)
        try:
            await self._parts.runner.schedule(run_task(run), alongside=writes)
        except BaseException:
            self._places.pop(run.id, None)
            self._tokens.take(run.id)
            raise
        if self._parts.observer is not None:
            self._parts.observer.created(run)
        return run

    async def go_on(self, run: Run, answer: Answer, alongside: Sequence[Write] = ()) -> None:
        """Let a suspended run go on. The answer is stored when this returns, and `alongside` in
        the same step, unless the same was answered before.

        Raises:
            NoQuestionError: another answer came first.
        """
        spec = answer_task(run, answer)
        self._tokens.keep(run.id)
        task = await self._parts.runner.schedule(spec, alongside=alongside)
        if task.spec.payload != spec.payload:
            message = "The question was answered already."
            raise NoQuestionError(message)

    async def rerun(self, ledger: RunLedger) -> None:
        """Let a run go on that died with its process. From now on the task leads to it."""
        run = ledger.run
        entry = self._parts.live_runs.delete(run.id)
        await self._parts.runner.schedule(rerun_task(run), alongside=[entry])

    async def revive(
        self, owner: Owner, run_id: RunId, *, has_entry: bool = False
    ) -> RunLedger | None:
        """The ledger of a stored run that is not over, its stream folded again. `has_entry` says
        that a process was to execute it which is gone.
        """
        found = await self._parts.runs.get(owner, run_id)
        if found is None or found[0].status.is_terminal:
            return None
        run, version = found
        stored = await self._parts.requests.get(owner, run_id)
        session = None
        if run.session_id is not None:
            kept = await self._parts.sessions.get(owner, run.session_id)
            session = None if kept is None else kept[0]
        ledger = RunLedger(
            self._parts,
            RunTrail(
                self._parts, stored, alone=has_entry, entered=has_entry, kept=stored is not None
            ),
            run=run,
            session=session,
            version=version,
        )
        await ledger.replay()
        return ledger

    async def withdraw(self, run_id: RunId) -> None:
        """A queued run is over: its place in its session's line is free."""
        self._tokens.take(run_id)
        place = self._places.pop(run_id, None)
        if place is not None:
            await place.leave()

    async def _do(self, task: Task) -> None:
        order = ORDER_CODEC.decode(task.spec.payload)
        place = self._places.pop(order.run_id, None)
        try:
            ledger = await self.revive(order.owner, order.run_id)
            if ledger is None or _is_stale(order, ledger.run):
                return
            if is_doubtful(task) and _has_ended_too_many(ledger):
                await ledger.finish(RunFailed(failure=INTERRUPTED))
                return
            if place is None and ledger.session is not None:
                since = ledger.run.created_at
                place = await self._gate.enter(ledger.session, order.run_id, returning=since)
            try:
                prepared = await self._counted(task, ledger, order, place)
            except HostError as error:
                await ledger.finish(RunFailed(failure=failure_of(error, order.run_id)))
                return
            if place is not None:
                place.begin()
            execution = self._engine.execute(ledger, prepared)
            place = None  # its execution leaves it
        finally:
            if place is not None:
                await _leave(place, order.run_id)
        try:
            await execution.done.wait()
        except asyncio.CancelledError:
            execution.shut_down()
            raise
        if ledger.run.status is RunStatus.QUEUED:
            raise TaskHandedBackError
        if ledger.is_given_up:
            message = "The end of the run could not be stored."
            raise StoreUnavailableError(message)

    async def _give_up(self, task: Task) -> None:
        """The runner has given the task up: so many processes ended while it was at work on it.
        The run may have stood in its session's line meanwhile, and only its own beginnings count;
        that is for another task to see, as this may be called again while that one is at work.
        """
        order = ORDER_CODEC.decode(task.spec.payload)
        ledger = await self.revive(order.owner, order.run_id)
        if ledger is None or _is_stale(order, ledger.run):
            return
        if task.last_error is not None:
            await ledger.finish(RunFailed(failure=INTERRUPTED))
            return
        await self._parts.runner.schedule(doubtful_task(task))
        raise TaskReplacedError

    async def _counted(
        self, task: Task, ledger: RunLedger, order: RunOrder, place: Place | None
    ) -> PreparedRun:
        """What the app may end the process with is counted, once a process has ended before."""
        is_suspect = task.starts > 1 or is_doubtful(task)
        if not (is_suspect and self._turns.asks_app):
            return await self._prepare(ledger, order, place)
        async with self._lost.counted(ledger):
            return await self._prepare(ledger, order, place)

    async def _prepare(
        self, ledger: RunLedger, order: RunOrder, place: Place | None
    ) -> PreparedRun:
        run, stored = ledger.run, ledger.trail.stored
        if stored is None:
            raise TargetError(INTERRUPTED.message, code=INTERRUPTED.code, retryable=True)
        if order.answer is not None and run.status is RunStatus.INPUT_REQUIRED:
            await ledger.answered()
        elif run.status is RunStatus.RUNNING:
            ledger.take_over()
        if ledger.lacks_entries:
            logger.error("run %s cannot go on: its journal lacks an entry", run.id)
            raise TargetError(INTERRUPTED.message, code=INTERRUPTED.code, retryable=True)
        turn = await self._turns.make(
            stored,
            session=ledger.session,
            is_new=False,
            answer=order.answer,
            attempt=ledger.run.attempt + 1 if ledger.is_to_begin else max(ledger.run.attempt, 1),
        )
        return PreparedRun(
            stored=stored,
            turn=turn,
            session=ledger.session,
            place=place,
            writes=(),
            caller_token=self._tokens.take(order.run_id),
        )

    async def _expire(self, task: Task) -> None:
        order = ORDER_CODEC.decode(task.spec.payload)
        ledger = await self.revive(order.owner, order.run_id)
        if ledger is None or ledger.run.status is not RunStatus.INPUT_REQUIRED:
            return
        if order.is_about(ledger.run.questions):
            await ledger.finish(RunFailed(failure=NOT_ANSWERED))


async def _leave(place: Place, run_id: RunId) -> None:
    """Leave it whatever the store says: an exception would stand for that which ends the attempt, a
    cancellation too.
    """
    try:
        await place.leave()
    except StoreError as error:
        logger.warning("run %s: its lease is left: %s", run_id, error.code)


def _has_ended_too_many(ledger: RunLedger) -> bool:
    """Whether it has ended as many processes as it may: it was left running, and not for the first
    times, or its turn was never made. One that was handed over is not left.
    """
    run, lost = ledger.run, ledger.lost_preparations
    begun = run.attempt if run.status is RunStatus.RUNNING else 0
    uncounted = 1 if lost else 0  # that which made it suspect
    return begun + lost + uncounted >= BEGINNINGS_LIMIT


def _is_stale(order: RunOrder, run: Run) -> bool:
    """Whether the task did its work before its process died: the run asks something since."""
    return run.status is RunStatus.INPUT_REQUIRED and not (
        order.answer is not None and order.is_about(run.questions)
    )


__all__ = ["BackgroundRuns"]
