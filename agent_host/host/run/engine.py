"""Starts runs, keeps those of this process, and ends them when the host goes down.

Tasks are held here and not in a `TaskGroup`: a target may ignore its cancellation, and a group
would then wait for it for ever. `close` waits for a bounded time and says what it left behind.
"""

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Protocol, Self, cast

from agent_host.errors import DrainingError
from agent_host.host.record.request_record import StoredRequest
from agent_host.host.run.caller_token import context_for_target
from agent_host.host.run.execution import Execution
from agent_host.host.run.ledger import RunLedger
from agent_host.host.run.part import EngineParts
from agent_host.host.run.patience import Patience
from agent_host.host.run.trail import RunTrail
from agent_host.host.session.gate import Place, SessionGate
from agent_host.types.identifier import RunId
from agent_host.types.on_behalf_of import CallerToken
from agent_host.types.quick_init import maker
from agent_host.types.run import Run, RunStatus
from agent_host.types.session import Session
from agent_host.types.store import Write
from agent_host.types.turn import Turn

logger = logging.getLogger(__name__)

CLOSE_LIMIT = timedelta(seconds=2)


@dataclass(slots=True, kw_only=True)
class PreparedRun:
    """All that the pipeline found out about a turn before it runs. `store_first` says that others
    must see it stored before it runs: it claims something, or somebody follows it. `caller_token`
    is not: it is never stored.
    """

    stored: StoredRequest
    turn: Turn
    session: Session | None
    place: Place | None
    writes: Sequence[Write]
    store_first: bool = True
    caller_token: CallerToken | None = None


class Recovery(Protocol):
    """Finds runs that a process left behind. It starts tasks, so the engine cannot make it."""

    async def watch(self) -> None:
        """Look for them, for ever."""
        ...

    async def leave(self) -> None:
        """Say that this process ends."""
        ...


class RunEngine:
    """Entered once the store is up; left when nothing new arrives any more."""

    def __init__(self, parts: EngineParts, gate: SessionGate) -> None:
        self._parts = parts
        self._gate = gate
        self._live: dict[RunId, Execution] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_open = False
        self._closes_at = 0.0
        self._idle = asyncio.Event()
        self._patience = Patience()
        self._recovery: Recovery | None = None

    def recovers_with(self, recovery: "Recovery") -> None:
        """Who looks, beside the engine, for runs that a process left behind."""
        self._recovery = recovery

    @property
    def live(self) -> Mapping[RunId, Execution]:
        """The runs this process executes, those that wait for a session or an answer included."""
        return self._live

    @property
    def is_open(self) -> bool:
        """Whether new runs are taken."""
        return self._is_open

    async def __aenter__(self) -> Self:
        """Take runs from now on."""
        self._is_open = True
        self._spawn(self._gate.renew_leases())
        if self._recovery is not None:
            self._spawn(self._recovery.watch())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End what still runs as interrupted."""
        self._is_open = False
        self._interrupt_all()
        grace = 2 * self._parts.policy.cancel_grace + CLOSE_LIMIT
        await self._wait_until_idle(grace)
        for task in self._tasks:
            task.cancel()
        if self._recovery is not None:
            await self._recovery.leave()
        if self._tasks:
            _, left = await asyncio.wait(self._tasks, timeout=CLOSE_LIMIT.total_seconds())
            if left:
                logger.error("%d targets ignore their cancellation and were left", len(left))

    def check_open(self) -> None:
        """Refuse when the host is going down.

        Raises:
            DrainingError: it is, or was never started.
        """
        if not self._is_open:
            message = "The host is not taking new work."
            raise DrainingError(message)

    def close_to_new(self, within: timedelta) -> None:
        """Take nothing new. What still runs shortly before `within` is over is interrupted then,
        so that whoever follows it is told the end. The first call counts.
        """
        if not self._is_open:
            return
        self._is_open = False
        loop = asyncio.get_running_loop()
        self._closes_at = loop.time() + within.total_seconds()
        for execution in list(self._live.values()):
            if execution.waits_for_answer:
                self.on_waiting(execution)
        patience = max(within - 2 * self._parts.policy.cancel_grace, within / 2)
        loop.call_later(patience.total_seconds(), self._interrupt_all)

    def _interrupt_all(self) -> None:
        for execution in list(self._live.values()):
            execution.shut_down()

    async def drain(self) -> timedelta:
        """Let what runs end, after `close_to_new`; what is left of its time then."""
        await self._wait_until_idle(self._time_left())
        return self._time_left()

    def _time_left(self) -> timedelta:
        left = self._closes_at - asyncio.get_running_loop().time()
        return timedelta(seconds=max(left, 0.0))

    def new_run(self, prepared: PreparedRun, *, status: RunStatus) -> Run:
        """The record of a run that begins now."""
        stored = prepared.stored
        now = self._parts.clock.now()
        started = status is RunStatus.RUNNING
        return _make_run(
            id=stored.run_id,
            owner=stored.owner,
            status=status,
            created_at=now,
            updated_at=now,
            channel=stored.request.caller.channel,
            operation=stored.request.caller.operation,
            session_id=None if prepared.session is None else prepared.session.id,
            background=stored.request.background,
            started_at=now if started else None,
            attempt=1 if started else 0,
            metadata=stored.request.metadata,
        )

    async def start(self, prepared: PreparedRun) -> Execution:
        """Execute a new run in this process. It is stored when this returns, or, if it need not
        be stored first, with its end or `STORE_AFTER` from now, whichever comes first.
        """
        started = prepared.place is None or prepared.place.is_held
        status = RunStatus.RUNNING if started else RunStatus.QUEUED
        ledger = RunLedger(
            self._parts,
            RunTrail(self._parts, prepared.stored, alone=True, entered=False, kept=False),
            run=self.new_run(prepared, status=status),
            session=prepared.session,
        )
        await ledger.open(prepared.writes)
        if prepared.store_first or not started:
            await ledger.store()
        if self._parts.observer is not None:
            self._parts.observer.created(ledger.run)
        return self.execute(ledger, prepared)

    def execute(self, ledger: RunLedger, prepared: PreparedRun) -> Execution:
        """Execute a run whose record is stored."""
        execution = Execution(
            self._parts,
            self._gate,
            ledger=ledger,
            turn=prepared.turn,
            session=prepared.session,
            place=prepared.place,
            watcher=self,
        )
        self._live[ledger.run.id] = execution
        self._idle.clear()
        work = execution.main()
        if self._parts.observer is not None:
            work = self._parts.observer.executing(lambda: ledger.run, work)
        # It says itself when it is over: a callback for each run would cost more than the set.
        context = context_for_target(self._parts.on_behalf_of, prepared.caller_token)
        self._tasks.add(asyncio.get_running_loop().create_task(work, context=context))
        return execution

    def on_abandoned(self, execution: Execution) -> None:
        """End the run whose target ignores its cancellation."""
        self._spawn(execution.end(execution.verdict))

    def on_driving(self, execution: Execution) -> None:
        """Look after it in a while."""
        self._patience.watch(execution)

    def on_slow(self, execution: Execution) -> asyncio.Task[None]:
        """Store the run now."""
        return self._spawn(execution.store())

    def on_waiting(self, execution: Execution) -> None:
        """Nobody can answer a generator once this process has gone down."""
        if not self._is_open:
            execution.shut_down()

    def on_returned(self, task: asyncio.Task[None] | None) -> None:
        """Nobody has to hold it any more."""
        self._tasks.discard(cast("asyncio.Task[None]", task))

    def on_done(self, execution: Execution) -> None:
        """Nothing of the execution is left here."""
        run_id = execution.ledger.run.id
        if self._live.get(run_id) is execution:
            del self._live[run_id]
        if not self._live:
            self._idle.set()

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _wait_until_idle(self, at_most: timedelta) -> None:
        if not self._live:
            return
        try:
            async with asyncio.timeout(at_most.total_seconds()):
                await self._idle.wait()
        except TimeoutError:
            logger.warning("%d runs did not end within the grace", len(self._live))


_make_run = maker(Run)

__all__ = ["PreparedRun", "Recovery", "RunEngine"]
