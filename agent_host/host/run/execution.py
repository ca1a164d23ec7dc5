"""One run while this process executes it: drives the target, and ends the run whatever it does.

Who waits for the run is told by `ledger.settled`; `done` is set when nothing of it is left here.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from agent_host.errors import StoreError
from agent_host.host.run.deadline import Deadline
from agent_host.host.run.failure import (
    INTERRUPTED,
    NOT_ANSWERED,
    TIMED_OUT,
    failure_of,
    note_unstored,
    protocol_failure,
)
from agent_host.host.run.latch import Latch
from agent_host.host.run.ledger import RunLedger
from agent_host.host.run.order import schedule_expiry
from agent_host.host.run.part import EngineParts
from agent_host.host.run.patience import STORE_AFTER
from agent_host.host.run.question import SuspendedError, with_ids
from agent_host.host.run.surroundings import surround
from agent_host.host.run.target_stream import TargetStream
from agent_host.host.run.watcher import ExecutionWatcher
from agent_host.host.session.gate import Place, SessionGate, under_lease
from agent_host.types.event import (
    InputRequired,
    RunCancelled,
    RunCompleted,
    RunFailed,
    TerminalEvent,
)
from agent_host.types.message import Message
from agent_host.types.question import Answer
from agent_host.types.session import Session
from agent_host.types.turn import Turn

logger = logging.getLogger(__name__)

YIELD_EVERY = 64
_TERMINAL = (RunCompleted, RunFailed, RunCancelled)


class Execution:
    """Runs once, by `main`. `stop` may be called at any time, from the same loop.

    `is_suspended`: the run waits for its answer in the store, and another execution goes on.
    """

    __slots__ = (
        "_answer",
        "_deadline",
        "_driving",
        "_ending",
        "_gate",
        "_hands_back",
        "_is_slow",
        "_joined",
        "_needs_history",
        "_parts",
        "_place",
        "_session",
        "_steered",
        "_storing",
        "_task",
        "_turn",
        "_verdict",
        "_watcher",
        "done",
        "is_suspended",
        "ledger",
    )

    def __init__(
        self,
        parts: EngineParts,
        gate: SessionGate,
        *,
        ledger: RunLedger,
        turn: Turn,
        session: Session | None,
        place: Place | None,
        watcher: "ExecutionWatcher[Execution]",
    ) -> None:
        self._parts = parts
        self._gate = gate
        self._turn = turn
        self._session = session
        self._place = place
        self._watcher = watcher
        self._needs_history = turn.history is None and not parts.capabilities.keeps_history
        self._deadline = Deadline()
        self._task: asyncio.Task[None] | None = None
        self._driving = False
        self._is_slow = False
        self._storing: asyncio.Task[None] | None = None
        self._ending = False
        self._hands_back = False
        self._verdict: TerminalEvent | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._steered: list[Message] = []
        self._joined: Execution | None = None
        self.ledger = ledger
        self.is_suspended = False
        self.done = Latch()
        if place is not None:
            place.occupant = self

    async def main(self) -> None:
        """Run the turn to its end. Raises nothing."""
        task = self._task = asyncio.current_task()
        try:
            await self._main()
        finally:
            self._watcher.on_returned(task)

    async def _main(self) -> None:
        surround(self.ledger.run, self._turn.isolation)
        try:
            terminal = await self._run()
        except SuspendedError:
            await self._leave()
            return
        except asyncio.CancelledError:
            if self._task is not None:
                self._task.uncancel()
            terminal = self.verdict
        except Exception as error:  # noqa: BLE001 - whatever a target raises ends its own run
            terminal = self._verdict or RunFailed(failure=failure_of(error, self.ledger.run.id))
        await self.end(terminal)

    async def end(self, terminal: TerminalEvent) -> None:
        """Record the end, once, and give everything back."""
        if self._ending:
            return
        self._ending = True
        self._deadline.clear()
        try:
            await self._end(terminal)
        finally:
            if not self.ledger.settled.is_set:
                self.ledger.give_up(RunFailed(failure=INTERRUPTED))
            await self._leave()

    async def _end(self, terminal: TerminalEvent) -> None:
        await self._until_stored()
        if self._hands_back and self.ledger.trail.leads_on(self.ledger.run.status):
            await self._hand_back()
            return
        said = None if self._joined else (*self._turn.messages, *self._steered)
        try:
            finish = partial(self.ledger.finish, terminal, said=said, to=self._turn.route.target)
            await under_lease(self._place, finish)
        except Exception as error:  # noqa: BLE001 - what cannot be stored must not hang its caller
            await self._end_badly(RunFailed(failure=failure_of(error, self.ledger.run.id)))

    async def store(self) -> None:
        """Store the run if its start was put off; its end tries again if this fails.

        From then on others can know the session, if it is new, so its place is taken before.
        """
        if self.ledger.is_stored:
            return
        try:
            if self._place is None:
                await self._take_place()
            await self.ledger.store()
        except StoreError as error:
            logger.warning("run %s: not stored yet: %s", self.ledger.run.id, error.code)

    def stop(self, verdict: TerminalEvent, reason: str) -> None:
        """Ask the target to stop; make it after the grace. The first verdict stays."""
        if self._verdict is not None or self._ending or self.is_suspended:
            return
        self._verdict = verdict
        self._turn.cancelled.set(reason)
        if self._driving:
            self._deadline.set(self._parts.policy.cancel_grace, self._force)
        elif self._task is not None:
            self._task.cancel()

    def answer(self, answer: Answer) -> None:
        """Hand the answer to the generator that waits for it."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    @property
    def waits_for_answer(self) -> bool:
        """Whether a generator in this process stands at its question."""
        return self._answer is not None and not self._answer.done()

    def interrupt(self) -> None:
        """Another turn of the session takes over."""
        self.stop(RunCancelled(reason="interrupted_by_turn"), "interrupted_by_turn")

    def disconnect(self) -> None:
        """The caller left, and takes its run along."""
        self.stop(RunCancelled(reason="disconnected"), "disconnected")

    def lose_lease(self) -> None:
        """The session's lease went to somebody else."""
        self.stop(RunFailed(failure=INTERRUPTED), "lease_lost")

    def shut_down(self) -> None:
        """The host goes down. A run that a task leads to is left for the next process, if it has
        not begun or may be run again; any other has failed.
        """
        self._hands_back = self._verdict is None
        self.stop(RunFailed(failure=INTERRUPTED), "shutdown")

    def steer(self, messages: Sequence[Message], on_taken: Callable[[], None]) -> None:
        """Offer messages to the running target."""

        def taken() -> None:
            self._steered.extend(messages)
            on_taken()

        self._turn.steering.put(messages, taken)

    def join(self, other: "Execution") -> None:
        """The other run's target took this run's messages: its answer is this run's answer."""
        self._joined = other
        if self._place is not None:
            self._place.call_off()

    async def _run(self) -> TerminalEvent:
        ledger = self.ledger
        if self._place is not None and not self._place.is_held:
            await self._place.wait()
        if ledger.is_to_begin:
            await ledger.begin()
        if self._joined is not None:
            return await self._share(self._joined)
        if self._session is not None and self._needs_history:
            history = await self._parts.sessions.history(self._session)
            self._turn = replace(self._turn, history=history)
        self._driving = True
        if self._parts.policy.time_limit > STORE_AFTER:
            self._watcher.on_driving(self)
        else:
            self._deadline.set(self._parts.policy.time_limit, self.prove_slow)
        return await self._drive(TargetStream(self._parts.target.run(self._turn)))

    async def _drive(self, stream: TargetStream) -> TerminalEvent:
        ledger = self.ledger
        terminal: TerminalEvent | None = None
        reply: Answer | None = None
        try:
            while (event := await stream.next(reply)) is not None:
                reply = None
                if terminal is not None or self._deadline.is_forced:
                    break
                if isinstance(event, InputRequired):
                    reply = await self._ask(event)
                elif isinstance(event, _TERMINAL):
                    terminal = event
                    self._verdict = self._verdict or event
                    if self._is_slow:
                        self._deadline.set(self._parts.policy.cancel_grace, self._force)
                else:
                    await ledger.record(event)
                    if ledger.event_count % YIELD_EVERY == 0:
                        await asyncio.sleep(0)
            else:
                return self._verdict or RunCompleted()
        finally:
            self._driving = False
            if not stream.is_over:
                await stream.close()
        if terminal is not None:
            detail = "it yielded an event after its terminal"
            return RunFailed(failure=protocol_failure(ledger.run.id, detail))
        return self.verdict

    async def _ask(self, event: InputRequired) -> Answer:
        ledger, parts = self.ledger, self._parts
        questions = with_ids(event.questions, parts.ids)
        resumes = parts.capabilities.resumes
        left = self._deadline.left
        if not self._is_slow:
            left += parts.policy.time_limit - STORE_AFTER
        self._deadline.clear()
        await self._until_stored()
        self.is_suspended = resumes
        try:
            if resumes:  # before the question is stored, so that no crash can come between
                await schedule_expiry(parts.runner, ledger.run, questions, parts.policy)
            ask = partial(ledger.ask, questions, keep_request=resumes, to=self._turn.route.target)
            await under_lease(self._place, ask)
        except BaseException:
            self.is_suspended = False
            raise
        if resumes:
            raise SuspendedError
        self._driving = False
        self._answer = asyncio.get_running_loop().create_future()
        await self._leave_place()
        self._deadline.set(parts.policy.answer_time_limit, self._give_up_waiting)
        self._watcher.on_waiting(self)
        answer = await self._answer
        self._deadline.clear()
        await self._take_place()
        self._driving = self._is_slow = True
        self._deadline.set(left, self._run_out_of_time)
        return answer

    async def _share(self, other: "Execution") -> TerminalEvent:
        await other.done.wait()
        run, result = other.ledger.run, other.ledger.result
        if result is not None:
            metadata = {**result.metadata, "steered_into": run.id}
            return RunCompleted(result=replace(result, metadata=metadata))
        if run.failure is not None:
            return RunFailed(failure=run.failure)
        return RunCancelled(reason="steered_into_cancelled")

    async def _hand_back(self) -> None:
        try:
            await self.ledger.hand_back()
        except StoreError as error:
            logger.warning("run %s is left as after a crash: %s", self.ledger.run.id, error.code)

    async def _end_badly(self, terminal: RunFailed) -> None:
        try:
            await self.ledger.finish(terminal)
        except Exception as error:  # noqa: BLE001 - what cannot be stored must not hang its caller
            note_unstored(error, self.ledger.run.id)
            self.ledger.give_up(terminal)

    async def _leave(self) -> None:
        self._deadline.clear()
        try:
            await self._leave_place()
        except StoreError as error:
            logger.warning("run %s: its lease is left: %s", self.ledger.run.id, error.code)
        finally:
            self._task = None
            self.done.set()
            self.ledger.journal.close()
            self._watcher.on_done(self)

    async def _take_place(self) -> None:
        if self._session is None:
            return
        run = self.ledger.run
        self._place = await self._gate.enter(self._session, run.id, returning=run.created_at)
        if self._place is not None:
            self._place.occupant = self
            await self._place.wait()

    async def _until_stored(self) -> None:
        if self._storing is not None and not self._storing.done():
            await asyncio.wait((self._storing,))

    async def _leave_place(self) -> None:
        if self._place is not None:
            await self._place.leave()

    def prove_slow(self) -> None:
        """It is not over soon: have it stored, and mind its time limit."""
        if self._is_slow or self._ending or self.is_suspended or not self._driving:
            return
        self._is_slow = True
        if not self._deadline.is_set:
            policy = self._parts.policy
            if self._verdict is None:
                self._deadline.set(policy.time_limit - STORE_AFTER, self._run_out_of_time)
            else:
                self._deadline.set(policy.cancel_grace, self._force)
        self._storing = self._watcher.on_slow(self)

    def _run_out_of_time(self) -> None:
        self.stop(RunFailed(failure=TIMED_OUT), "timeout")

    def _give_up_waiting(self) -> None:
        self.stop(RunFailed(failure=NOT_ANSWERED), "answer_timeout")

    def _force(self) -> None:
        self._deadline.is_forced = True
        if self._task is not None:
            self._task.cancel()
        self._deadline.set(self._parts.policy.cancel_grace, self._abandon)

    def _abandon(self) -> None:
        logger.error("run %s: the target ignores its cancellation", self.ledger.run.id)
        self._watcher.on_abandoned(self)

    @property
    def verdict(self) -> TerminalEvent:
        """How the run ends if its target has no say any more."""
        return self._verdict or RunFailed(failure=INTERRUPTED)


__all__ = ["Execution"]
