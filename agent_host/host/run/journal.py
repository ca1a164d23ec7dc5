"""A run's journal as it is told: without gaps, whatever became of single entries.

Where one cannot be read, what is known of it besides stands in its place: the end of a run, and the
question that it waits with, are in the run's record too. Of any other it is said that it was there.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from agent_host.host.run.collector import UNREADABLE, ResultCollector
from agent_host.host.run.failure import INTERRUPTED
from agent_host.host.run.part import EngineParts
from agent_host.types.event import (
    InputReceived,
    InputRequired,
    JournalEntry,
    RunCancelled,
    RunCompleted,
    RunEvent,
    RunFailed,
    RunStarted,
)
from agent_host.types.message import Message
from agent_host.types.part import ErrorPart
from agent_host.types.principal import Owner
from agent_host.types.result import RunResult
from agent_host.types.run import Run, RunStatus

_END_LOST: Final = ErrorPart(
    code="unreadable_result", message="The end of this answer cannot be read any more."
)


async def read_journal(
    parts: EngineParts, owner: Owner, run_id: str, *, start: int
) -> Sequence[JournalEntry]:
    """Entries from sequence `start` on."""
    page = await parts.journals.read(owner, run_id, start=start)
    whole = [entry for entry in page if entry is not None]
    if len(whole) == len(page):
        return whole
    return await _mended(parts, owner, run_id, page, start)


async def whole_journal(
    parts: EngineParts, owner: Owner, run_id: str
) -> AsyncIterator[JournalEntry]:
    """All the entries that the store has."""
    start = 0
    while page := await read_journal(parts, owner, run_id, start=start):
        for entry in page:
            yield entry
        start += len(page)


async def read_end(parts: EngineParts, owner: Owner, run_id: str) -> JournalEntry | None:
    """The newest entry."""
    found = await parts.journals.read_last(owner, run_id)
    if found is None or found[1] is not None:
        return None if found is None else found[1]
    entries = await read_journal(parts, owner, run_id, start=found[0])
    return entries[0] if entries else None


async def _mended(
    parts: EngineParts,
    owner: Owner,
    run_id: str,
    page: Sequence[JournalEntry | None],
    start: int,
) -> list[JournalEntry]:
    # In this order: an entry that is the last still, once the run was read, is what led to its
    # status.
    found = await parts.runs.get(owner, run_id)
    run = None if found is None else found[0]
    length = await parts.journals.length(owner, run_id)
    previous = await _before(parts, owner, run_id, start)
    entries: list[JournalEntry] = []
    for position, entry in enumerate(page, start=start):
        mended = entry
        if mended is None:
            is_last = position == length - 1
            event = _end_of(run) if is_last and run is not None else None
            if isinstance(event, RunCompleted):
                event = RunCompleted(result=await _gathered(parts, owner, run_id, position))
            mended = JournalEntry(
                sequence=position,
                at=_when(parts, run, previous),
                event=event or _between(previous),
            )
        entries.append(mended)
        previous = mended
    return entries


async def _before(parts: EngineParts, owner: Owner, run_id: str, start: int) -> JournalEntry | None:
    if start == 0:
        return None
    found = await parts.journals.read(owner, run_id, start=start - 1, limit=1)
    return found[0] if found else None


def _end_of(run: Run) -> RunEvent | None:
    """The event that led to the run's status, if nothing follows it by itself."""
    match run.status:
        case RunStatus.COMPLETED:
            return RunCompleted()
        case RunStatus.FAILED:
            return RunFailed(failure=run.failure or INTERRUPTED)
        case RunStatus.CANCELLED:
            return RunCancelled(reason="unknown")
        case RunStatus.INPUT_REQUIRED:
            return InputRequired(questions=run.questions)
        case _:
            return None


def _between(previous: JournalEntry | None) -> RunEvent:
    if previous is not None and isinstance(previous.event, InputRequired):
        # Nothing else goes on behind a question.
        asked = tuple(question.id for question in previous.event.questions)
        return InputReceived(question_ids=asked)
    return UNREADABLE


def _when(parts: EngineParts, run: Run | None, previous: JournalEntry | None) -> datetime:
    if previous is not None:
        return previous.at
    return parts.clock.now() if run is None else run.created_at


async def _gathered(parts: EngineParts, owner: Owner, run_id: str, end: int) -> RunResult:
    """The result, as far as it can be told from what came before it."""
    collector = ResultCollector()
    async for event in _events(parts, owner, run_id, end):
        if isinstance(event, RunStarted) and not parts.capabilities.checkpoints:
            collector = ResultCollector()
        collector.add(event)
    result = collector.result(RunResult())
    lost = Message(role="assistant", parts=(_END_LOST,))
    return replace(result, messages=(*result.messages, lost))


async def _events(
    parts: EngineParts, owner: Owner, run_id: str, end: int
) -> AsyncIterator[RunEvent]:
    start = 0
    while start < end:
        page = await parts.journals.read(owner, run_id, start=start)
        for entry in page[: end - start]:
            yield UNREADABLE if entry is None else entry.event
        start += len(page)
        if not page:
            return


__all__ = ["read_end", "read_journal", "whole_journal"]
