"""Writes one run's story: every change of status together with its event, in one commit each.

A commit that was broken off may have been done or not; the next one finds out first.
"""

from collections.abc import Sequence
from dataclasses import replace

from agent_host.errors import (
    ConflictError,
    FailureCode,
    LeaseLostError,
    StoreFullError,
    TargetError,
)
from agent_host.host.file.part import CARRIERS, carries_files, files_in
from agent_host.host.run.collector import ResultCollector
from agent_host.host.run.ending import STATUS_OF, ending_of, with_files_kept
from agent_host.host.run.failure import INTERRUPTED
from agent_host.host.run.forwarding import RunForwarding
from agent_host.host.run.journal import read_end, whole_journal
from agent_host.host.run.latch import Latch
from agent_host.host.run.live_journal import LiveJournal
from agent_host.host.run.move import moved
from agent_host.host.run.part import EngineParts
from agent_host.host.run.trail import RunTrail
from agent_host.types.event import (
    InputReceived,
    InputRequired,
    RunCompleted,
    RunEvent,
    RunFailed,
    RunStarted,
    TerminalEvent,
)
from agent_host.types.message import Message
from agent_host.types.question import Question
from agent_host.types.quick_init import maker
from agent_host.types.response_target import ResponseTarget
from agent_host.types.result import RunResult
from agent_host.types.run import HostedResult, Run, RunStatus, check_transition
from agent_host.types.session import Session
from agent_host.types.store import ABSENT, Lease, Write


class RunLedger:
    """The run as stored, its version, and its journal. One execution at a time writes here."""

    __slots__ = (
        "_committing",
        "_event_bytes",
        "_forwarding",
        "_in_doubt",
        "_is_left",
        "_parts",
        "_unstored",
        "_version",
        "collector",
        "event_count",
        "is_given_up",
        "journal",
        "result",
        "run",
        "session",
        "settled",
        "trail",
    )

    def __init__(
        self,
        parts: EngineParts,
        trail: RunTrail,
        *,
        run: Run,
        session: Session | None,
        version: int = ABSENT,
    ) -> None:
        self._parts = parts
        self._version = version
        self._event_bytes = 0
        self._unstored: list[Write] = []
        self._committing: Latch | None = None
        self._in_doubt = False
        self._is_left = False
        self.event_count = 0
        self._forwarding = RunForwarding(parts, trail)
        self.is_given_up = False
        self.trail = trail
        self.session = session
        self.run = run
        self.result: RunResult | None = None
        self.collector = ResultCollector()
        self.settled = Latch()
        self.journal = LiveJournal(
            store=parts.store,
            records=parts.journals,
            owner=run.owner,
            run_id=run.id,
        )

    @property
    def outcome(self) -> HostedResult:
        """The run as it stands, with its result once it has completed."""
        elsewhere = self._forwarding.is_elsewhere
        return _make_hosted(run=self.run, result=self.result, is_elsewhere=elsewhere)

    async def open(self, alongside: Sequence[Write]) -> None:
        """The run is new. It is stored by `store`, or by the first commit that is due anyway: a run
        that is over soon is then stored once, and nobody has seen it before.
        """
        self._unstored.extend(alongside)
        run = self.run
        if run.status is RunStatus.RUNNING:
            self._unstored.extend(await self._forwarding.at_start(run))
            self.journal.hold(_start_of(run), at=run.updated_at)

    @property
    def is_stored(self) -> bool:
        """Whether others can know of the run."""
        return self._version != ABSENT

    async def store(self) -> None:
        """Store the run, if that was put off."""
        if not self.is_stored and self._committing is None:
            await self._commit()

    def take_over(self) -> None:
        """A process that is gone left the run running: it is to begin again, in its turn.

        Raises:
            TargetError: its target must not be run again, and has no checkpoints.
        """
        if not self._parts.reruns:
            raise TargetError(INTERRUPTED.message, code=INTERRUPTED.code, retryable=True)
        self._is_left = True

    @property
    def is_to_begin(self) -> bool:
        """Whether its target is still to be called."""
        return self._is_left or self.run.status is RunStatus.QUEUED

    @property
    def lacks_entries(self) -> bool:
        """Whether its answer would be made of what came before, and lack a piece of it."""
        begins_anew = self._is_left and not self._parts.capabilities.checkpoints
        return not (self.collector.is_whole or begins_anew)

    @property
    def lost_preparations(self) -> int:
        """How many processes ended while the run's turn was made."""
        stored = self.trail.stored
        return 0 if stored is None else stored.lost_preparations

    async def count_preparations(self, lost: int) -> None:
        """Store that it is so many; nothing where the run's request is gone."""
        if self.trail.stored is None:
            return
        stored = replace(self.trail.stored, lost_preparations=lost)
        await self._commit([self._parts.requests.put(stored)], after=self.run)
        self.trail.stored = stored

    async def begin(self) -> None:
        """The target runs. Only with checkpoints does it go on from what it yielded before."""
        if not self._is_left:
            check_transition(self.run.status, RunStatus.RUNNING)
        if not self._parts.capabilities.checkpoints:
            self.collector = ResultCollector()
        now, run = self._parts.clock.now(), self.run
        started = replace(run, status=RunStatus.RUNNING, started_at=now, updated_at=now)
        started = replace(started, attempt=run.attempt + 1)
        alongside = await self._forwarding.at_start(started)
        await self._commit(alongside, after=started, event=_start_of(started))
        self._is_left = False

    async def replay(self) -> None:
        """Take in the journal that an earlier process, or attempt, left behind."""
        length = 0
        async for entry in whole_journal(self._parts, self.run.owner, self.run.id):
            self.collector.add(entry.event)
            length = entry.sequence + 1
        self.journal.continue_behind(length)

    async def record(self, event: RunEvent) -> None:
        """Journal what the target yielded.

        Raises:
            TargetError: the event cannot be stored, or the target has passed the limits.
        """
        if type(event) in CARRIERS:
            event = await self._parts.files.keep_event(self.run.owner, event)
            self._event_bytes += sum(part.size_bytes or 0 for part in files_in(event))
        self._event_bytes += self.journal.hold(event, at=self._parts.clock.now())
        self.event_count += 1
        self.collector.add(event)
        if self.is_stored or self._committing is not None:
            await self._commit()
        policy = self._parts.policy
        if self.event_count > policy.event_limit or self._event_bytes > policy.event_bytes_limit:
            message = "The agent's answer is too long."
            raise TargetError(message, code=FailureCode.TARGET_PROTOCOL)

    async def ask(
        self,
        questions: tuple[Question, ...],
        *,
        fence: Lease | None,
        keep_request: bool,
        to: ResponseTarget | None = None,
    ) -> None:
        """The run waits for an answer, and the session for the run. `to` is as for `finish`."""
        alongside = self.trail.suspend(self.run.id) if keep_request else []
        now = self._parts.clock.now()
        asks = moved(self.run, RunStatus.INPUT_REQUIRED, now=now, questions=questions)
        alongside += await self._forwarding.at_question(asks, to)
        if self.session is not None:
            alongside.append(self._parts.sessions.put_question(self.session, self.run.id))
        event = InputRequired(questions=questions)
        await self._commit(alongside, after=asks, event=event, fence=fence, suspends=keep_request)
        self.settled.set()

    async def answered(self, alongside: Sequence[Write] = ()) -> None:
        """Every open question has its answer; the values stay out of the journal."""
        asked = tuple(question.id for question in self.run.questions)
        after = moved(self.run, RunStatus.RUNNING, now=self._parts.clock.now())
        event = InputReceived(question_ids=asked)
        await self._commit([*self._question_over(), *alongside], after=after, event=event)
        self.settled.clear()

    async def finish(
        self,
        terminal: TerminalEvent,
        *,
        said: Sequence[Message] | None = None,
        fence: Lease | None = None,
        to: ResponseTarget | None = None,
    ) -> None:
        """The run is over. `said` is the turn's own messages, kept with the answer as history;
        None keeps neither. `to` is where the app's code sends it, None: where it was asked to.
        """
        if self._in_doubt and await self._is_over():
            return
        alongside = [*await self._forwarding.at_end(terminal, to)]
        end = ending_of(terminal, self.collector, said=said, note=self._forwarding.note)
        if end.carries_files:
            end = await with_files_kept(end, self._parts.files, owner=self.run.owner, said=said)
        messages = end.messages
        if self.session is not None and said is not None and messages:
            if carries_files(messages):
                messages = await self._parts.files.keep_messages(self.run.owner, messages)
            opening = () if self._in_doubt else self._unstored
            sessions = self._parts.sessions
            alongside.append(sessions.append(self.session, messages, alongside=opening))
        alongside += self.trail.end(self.run.owner, self.run.id)
        if self.run.status is RunStatus.INPUT_REQUIRED:
            alongside += self._question_over()
        status, now = STATUS_OF[type(terminal)], self._parts.clock.now()
        after = moved(self.run, status, now=now, failure=end.failure)
        await self._commit(alongside, after=after, event=end.terminal, fence=fence)
        self.result = end.result
        self.settled.set()

    async def hand_back(self) -> None:
        """The process goes down; the runner's task will let another go on with the run."""
        if self.run.status is not RunStatus.QUEUED:
            check_transition(self.run.status, RunStatus.QUEUED)
            now = self._parts.clock.now()
            await self._commit(after=replace(self.run, status=RunStatus.QUEUED, updated_at=now))
        self.settled.set()

    def give_up(self, terminal: RunFailed) -> None:
        """The store does not take the end of the run: tell at least those who wait here."""
        self.is_given_up = True
        self._become(replace(self.run, status=RunStatus.FAILED, failure=terminal.failure))
        self.settled.set()

    async def _commit(
        self,
        alongside: Sequence[Write] = (),
        *,
        after: Run | None = None,
        event: RunEvent | None = None,
        fence: Lease | None = None,
        suspends: bool = False,
    ) -> None:
        while self._committing is not None:
            await self._committing.wait()
        committing = self._committing = Latch()
        try:
            if self._in_doubt:
                await self._find_out()
            run = after or self.run
            enters = self.trail.is_missing and not suspends and not run.status.is_terminal
            writes = [*self._unstored, *alongside, *(self.trail.begin(run) if enters else ())]
            if after is not None or not self.is_stored:
                writes += self._parts.run_index.put(run, version=self._version)
                await self._write(writes, run, changes_run=True, event=event, fence=fence)
            elif self.journal.holds:
                await self._write(writes, run, changes_run=False, event=event, fence=fence)
            if enters:
                self.trail.begun()
            elif suspends:
                self.trail.suspended()
        finally:
            self._committing = None
            committing.set()

    async def _write(
        self,
        writes: list[Write],
        run: Run,
        *,
        changes_run: bool,
        event: RunEvent | None,
        fence: Lease | None,
    ) -> None:
        if changes_run:
            writes.append(self._parts.runs.put(run, expect=self._version))
        self._in_doubt = True
        try:
            outcome = await self.journal.commit(
                writes, event=event, at=run.updated_at, fence=fence, last=run.status.is_terminal
            )
        except ConflictError:
            self._in_doubt = await self._parts.runs.is_over(run.owner, run.id)
            raise
        except (LeaseLostError, StoreFullError):
            self._in_doubt = False  # each says that nothing was done
            raise
        self._in_doubt = False
        if changes_run:
            self._version = outcome[-1]
        self._unstored.clear()
        self._become(run)
        self._forwarding.committed()

    def _become(self, run: Run) -> None:
        before, self.run = self.run, run
        if before is not run and self._parts.observer is not None:
            self._parts.observer.changed(before, run)

    async def _find_out(self) -> None:
        """Whether a commit that was broken off was done. It was done whole or not at all."""
        found = await self._parts.runs.get(self.run.owner, self.run.id)
        await self.journal.find_out()
        if found is not None:
            if self._version == ABSENT:
                self._unstored.clear()
                if self.trail.is_missing and not found[0].status.is_terminal:
                    self.trail.begun()
            run, self._version = found
            self._become(run)
        self._in_doubt = False

    async def _is_over(self) -> bool:
        """Whether the run's end was stored, although the commit of it was broken off."""
        while self._committing is not None:
            await self._committing.wait()
        if self._in_doubt:
            await self._find_out()
        if not self.run.status.is_terminal:
            return False
        last = await read_end(self._parts, self.run.owner, self.run.id)
        if last is not None and isinstance(last.event, RunCompleted):
            self.result = last.event.result
        self.settled.set()
        return True

    def _question_over(self) -> list[Write]:
        return [] if self.session is None else [self._parts.sessions.delete_question(self.session)]


def _start_of(run: Run) -> RunStarted:
    return _make_started(run_id=run.id, session_id=run.session_id, attempt=run.attempt)


_make_hosted = maker(HostedResult)
_make_started = maker(RunStarted)

__all__ = ["RunLedger"]
