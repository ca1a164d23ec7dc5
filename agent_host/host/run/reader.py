"""Runs as their owners see them: fetched, listed, followed, cancelled, answered."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta

from agent_host.errors import (
    ConflictError,
    NoQuestionError,
    NotCancellableError,
    NotFoundError,
    RequestError,
)
from agent_host.host.run.background import BackgroundRuns
from agent_host.host.run.engine import RunEngine
from agent_host.host.run.execution import Execution
from agent_host.host.run.journal import read_end, read_journal, whole_journal
from agent_host.host.run.part import EngineParts
from agent_host.host.run.question import to_answer
from agent_host.types.event import (
    InputRequired,
    JournalEntry,
    RunCancelled,
    RunCompleted,
    RunFailed,
)
from agent_host.types.identifier import RunId
from agent_host.types.json import JsonValue
from agent_host.types.page import Page
from agent_host.types.principal import Owner
from agent_host.types.run import HostedResult, Run, RunStatus
from agent_host.types.store import Write

LIST_LIMIT = 200
FOLLOW_WAIT = timedelta(seconds=30)
CANCEL_TRIES = 3
ANSWER_WAIT = timedelta(seconds=5)


class RunReader:
    """The `RunView` of one owner. Ids are looked up under the owner and nowhere else."""

    def __init__(
        self, parts: EngineParts, *, engine: RunEngine, background: BackgroundRuns, owner: Owner
    ) -> None:
        self._parts = parts
        self._engine = engine
        self._background = background
        self._owner = owner

    async def get(self, run_id: str) -> HostedResult:
        """The run, with its result once it has completed."""
        run = await self._run(run_id)
        if run.status is not RunStatus.COMPLETED:
            return HostedResult(run=run)
        last = await read_end(self._parts, self._owner, run_id)
        event = None if last is None else last.event
        return HostedResult(
            run=run, result=event.result if isinstance(event, RunCompleted) else None
        )

    async def list(self, *, cursor: str | None = None, limit: int = 50) -> Page[Run]:
        """Newest first."""
        if not 1 <= limit <= LIST_LIMIT:
            message = f"limit is a number from 1 to {LIST_LIMIT}."
            raise RequestError(message)
        return await self._parts.runs.list(self._owner, cursor=cursor, limit=limit)

    async def events(self, run_id: str, *, after: int = -1) -> AsyncIterator[JournalEntry]:
        """Replay what is behind `after`, then follow."""
        await self._run(run_id)
        position = after + 1
        is_over = False
        while True:
            execution = self._live(run_id)
            entries = None if execution is None else execution.ledger.journal.since(position)
            if entries is None:
                entries = await read_journal(self._parts, self._owner, run_id, start=position)
            for entry in entries:
                yield entry
                position = entry.sequence + 1
                if isinstance(entry.event, RunCompleted | RunFailed | RunCancelled):
                    return
            if entries:
                if isinstance(entries[-1].event, InputRequired) and await self._is_settled(run_id):
                    return
            elif is_over:
                return
            elif await self._is_settled(run_id):
                is_over = True  # but its last entry may have come since: look once more
            elif execution is not None:
                await execution.ledger.journal.changed()
            else:
                await self._wait_in_store(run_id, position)

    async def entries(self, run_id: str) -> Sequence[JournalEntry]:
        """All that the store has, which is all that anybody was shown."""
        await self._run(run_id)
        return [entry async for entry in whole_journal(self._parts, self._owner, run_id)]

    async def cancel(self, run_id: str, *, reason: str = "caller") -> Run:
        """Ask the run to stop, and give it the grace to do so."""
        for _ in range(CANCEL_TRIES):
            try:
                return await self._cancel(run_id, reason)
            except ConflictError:
                continue
        return await self._run(run_id)

    async def _cancel(self, run_id: str, reason: str) -> Run:
        run = await self._run(run_id)
        if run.status.is_terminal:
            message = f"The run is over: it is {run.status.value}."
            raise NotCancellableError(message)
        verdict = RunCancelled(reason=reason)
        execution = self._live(run_id)
        if execution is not None:
            execution.stop(verdict, reason)
            try:
                async with asyncio.timeout(self._parts.policy.cancel_grace.total_seconds()):
                    await execution.done.wait()
            except TimeoutError:
                pass
            return execution.ledger.run
        ledger = await self._background.revive(self._owner, run.id)
        if ledger is not None:
            await ledger.finish(verdict)
            await self._background.withdraw(run.id)
        return await self._run(run_id)

    async def answer(
        self, run_id: str, values: Mapping[str, JsonValue], *, alongside: Sequence[Write] = ()
    ) -> Run:
        """Answer every open question; `alongside` is written in the step that stores the answer."""
        run = await self._run(run_id)
        if run.status is not RunStatus.INPUT_REQUIRED:
            message = f"The run asks nothing: it is {run.status.value}."
            raise NoQuestionError(message)
        answer = to_answer(run.questions, values)
        execution = self._live(run_id)
        if execution is not None and execution.waits_for_answer:
            await execution.ledger.answered(alongside)
            execution.answer(answer)
            return execution.ledger.run
        length = await self._parts.journals.length(self._owner, run_id)
        await self._background.go_on(run, answer, alongside)
        if length:
            await self._parts.journals.wait(self._owner, run_id, length=length, at_most=ANSWER_WAIT)
        return await self._run(run_id)

    def _live(self, run_id: str) -> Execution | None:
        execution = self._engine.live.get(RunId(run_id))
        if execution is None or execution.ledger.run.owner != self._owner:
            return None
        if execution.is_suspended:
            return None
        return execution

    async def _run(self, run_id: str) -> Run:
        found = await self._parts.runs.get(self._owner, run_id)
        if found is None:
            raise NotFoundError("run")
        return found[0]

    async def _is_settled(self, run_id: str) -> bool:
        execution = self._live(run_id)
        run = await self._run(run_id) if execution is None else execution.ledger.run
        status = run.status
        return status.is_terminal or status is RunStatus.INPUT_REQUIRED

    async def _wait_in_store(self, run_id: str, position: int) -> None:
        await self._run(run_id)
        await self._parts.journals.wait(self._owner, run_id, length=position, at_most=FOLLOW_WAIT)


__all__ = ["RunReader"]
