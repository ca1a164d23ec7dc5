"""What others are told of one run: planned before the commit that it is about, announced behind it.

Who asked to hear of it, and, where the answer goes elsewhere, those whom it goes to.
"""

from collections.abc import Sequence
from typing import Final

from agent_host.host.file.part import change_messages, without_bytes
from agent_host.host.record.request_record import StoredRequest
from agent_host.host.run.ending import STATUS_OF
from agent_host.host.run.journal import read_end
from agent_host.host.run.part import EngineParts
from agent_host.host.run.trail import RunTrail
from agent_host.protocols.delivery import PlannedDeliveries, RunStation
from agent_host.types.event import RunCancelled, RunCompleted, TerminalEvent
from agent_host.types.identifier import RunId
from agent_host.types.json import JsonObject
from agent_host.types.message import Message
from agent_host.types.principal import Owner
from agent_host.types.response_target import NONE, ResponseTarget
from agent_host.types.run import HostedResult, Run, RunStatus
from agent_host.types.store import Write

_BEGUN: Final = 1
"""The attempt that is told of; those behind a crash are not."""


class RunForwarding:
    """One run's. `is_elsewhere` once it is over: the caller is not the one who gets the answer."""

    __slots__ = ("_parts", "_planned", "_trail", "is_elsewhere")

    def __init__(self, parts: EngineParts, trail: RunTrail) -> None:
        self._parts = parts
        self._trail = trail
        self._planned: PlannedDeliveries | None = None
        self.is_elsewhere = False

    async def at_start(self, run: Run) -> Sequence[Write]:
        """The target begins: for those who asked for that much."""
        stored = self._trail.stored
        if stored is None or run.attempt != _BEGUN or not self._parts.deliveries.tells_of_starts:
            return ()
        return await self._plan(_station(stored, run.status, run=run), NONE)

    async def at_question(self, run: Run, to: ResponseTarget | None) -> Sequence[Write]:
        """The run, as it is to be stored, waits for an answer: the question goes where the answer
        will.
        """
        stored = self._trail.stored
        if stored is None:
            return ()
        target = to or stored.request.response_target
        if not goes_elsewhere(target) and not self._parts.deliveries.has_subscribers:
            return ()
        return await self._plan(_station(stored, run.status, run=run), target)

    async def at_end(self, terminal: TerminalEvent, to: ResponseTarget | None) -> Sequence[Write]:
        """The run is over. A run that was cancelled has no answer that could go anywhere."""
        stored = self._trail.stored
        if stored is None:
            return ()
        target = to or stored.request.response_target
        self.is_elsewhere = goes_elsewhere(target)
        if not self.is_elsewhere and not self._parts.deliveries.has_subscribers:
            return ()
        if isinstance(terminal, RunCancelled):
            target = NONE
        return await self._plan(_station(stored, STATUS_OF[type(terminal)]), target)

    @property
    def note(self) -> JsonObject | None:
        """What is recorded with an answer that goes elsewhere."""
        return None if self._planned is None else self._planned.note

    def committed(self) -> None:
        """What was planned is stored."""
        if self._planned is not None:
            planned, self._planned = self._planned, None
            planned.announce()

    async def _plan(self, station: RunStation, target: ResponseTarget) -> Sequence[Write]:
        self._planned = await self._parts.deliveries.plan(station, target)
        return self._planned.writes


def goes_elsewhere(target: ResponseTarget | None) -> bool:
    """Whether the caller is not the one who gets the answer."""
    return target is not None and target.kind != "originating"


def _station(stored: StoredRequest, status: RunStatus, *, run: Run | None = None) -> RunStation:
    return RunStation(
        owner=stored.owner,
        run_id=stored.run_id,
        origin=stored.request.caller,
        said=change_messages(stored.request.input, without_bytes),
        status=status,
        run=run,
    )


class StoredAnswers:
    """The `RunAnswers` of one host."""

    def __init__(self, parts: EngineParts) -> None:
        self._parts = parts

    async def answer(self, owner: Owner, run_id: RunId) -> HostedResult | None:
        """The run with its result."""
        found = await self._parts.runs.get(owner, run_id)
        if found is None:
            return None
        run = found[0]
        if run.status is not RunStatus.COMPLETED:
            return HostedResult(run=run)
        last = await read_end(self._parts, owner, run_id)
        if last is None or not isinstance(last.event, RunCompleted):
            return None
        return HostedResult(run=run, result=last.event.result)

    async def restored(self, owner: Owner, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """Messages with the bytes of their files."""
        return await self._parts.files.restore_messages(owner, messages)


__all__ = ["RunForwarding", "StoredAnswers", "goes_elsewhere"]
