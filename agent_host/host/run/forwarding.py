"""An answer that goes elsewhere: what is planned for it as its run ends, and who finds it later."""

from agent_host.host.file.part import change_messages, without_bytes
from agent_host.host.record.request_record import StoredRequest
from agent_host.host.run.journal import read_end
from agent_host.host.run.part import EngineParts
from agent_host.protocols.delivery import AnsweredRun, PlannedDeliveries
from agent_host.types.event import RunCancelled, RunCompleted, RunFailed, TerminalEvent
from agent_host.types.identifier import RunId
from agent_host.types.message import Message
from agent_host.types.principal import Owner
from agent_host.types.response_target import ResponseTarget
from agent_host.types.run import HostedResult, RunStatus


def goes_elsewhere(target: ResponseTarget | None) -> bool:
    """Whether the caller is not the one who gets the answer."""
    return target is not None and target.kind != "originating"


async def plan_answer(
    parts: EngineParts,
    stored: StoredRequest,
    terminal: TerminalEvent,
    *,
    to: ResponseTarget | None,
) -> PlannedDeliveries | None:
    """What becomes of the answer, for those that it goes to and those who asked to hear of it; None
    where there is none, as the run was cancelled. `to` is where the app's code sends it.
    """
    if isinstance(terminal, RunCancelled):
        return None
    answered = AnsweredRun(
        owner=stored.owner,
        run_id=stored.run_id,
        origin=stored.request.caller,
        said=change_messages(stored.request.input, without_bytes),
        has_failed=isinstance(terminal, RunFailed),
    )
    return await parts.deliveries.plan(answered, to or stored.request.response_target)


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


__all__ = ["StoredAnswers", "goes_elsewhere", "plan_answer"]
