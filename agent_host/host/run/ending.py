"""How a run ends: what it leaves behind, and how it stands then."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from agent_host.host.file.keeper import FileKeeper
from agent_host.host.file.part import carries_files
from agent_host.host.run.collector import ResultCollector
from agent_host.types.event import (
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunFailure,
    TerminalEvent,
)
from agent_host.types.json import JsonObject
from agent_host.types.message import Message
from agent_host.types.principal import Owner
from agent_host.types.result import RunResult
from agent_host.types.run import RunStatus

STATUS_OF: Final[dict[type[TerminalEvent], RunStatus]] = {
    RunCompleted: RunStatus.COMPLETED,
    RunFailed: RunStatus.FAILED,
    RunCancelled: RunStatus.CANCELLED,
}

DELIVERY_NOTE: Final = "agent_host.delivery"
"""The metadata that says where an answer goes and where not, on its last assistant message, or on
the result of one that has none. Callers cannot bring it along: it is a reserved name.
"""


class Ending(NamedTuple):
    """`messages` are kept as history."""

    terminal: TerminalEvent
    result: RunResult | None = None
    failure: RunFailure | None = None
    messages: tuple[Message, ...] = ()

    @property
    def carries_files(self) -> bool:
        """Whether its answer may have files whose bytes are not kept yet."""
        result = self.result
        return result is not None and (bool(result.artifacts) or carries_files(result.messages))


def ending_of(
    terminal: TerminalEvent,
    collector: ResultCollector,
    *,
    said: Sequence[Message] | None,
    note: JsonObject | None,
) -> Ending:
    """The end as it is stored: `said` are the turn's own messages, `note` goes with the answer."""
    if isinstance(terminal, RunCompleted):
        result = collector.result(terminal.result)
        if note is not None:
            result = _noted(result, note)
        if result is not terminal.result:
            terminal = RunCompleted(result=result)
        return Ending(terminal, result, None, (*(said or ()), *result.messages))
    if isinstance(terminal, RunFailed):
        return Ending(terminal, None, terminal.failure)
    partial = collector.result(RunResult())
    unfinished = (_unfinished(message) for message in partial.messages)
    return Ending(terminal, None, None, (*(said or ()), *unfinished))


async def with_files_kept(
    end: Ending, files: FileKeeper, *, owner: Owner, said: Sequence[Message] | None
) -> Ending:
    """The same end, the bytes of its answer's files brought to where they are kept."""
    terminal = await files.keep_event(owner, end.terminal)
    if not isinstance(terminal, RunCompleted):
        return end
    result = terminal.result
    return Ending(terminal, result, None, (*(said or ()), *result.messages))


def is_noted(result: RunResult | None) -> bool:
    """Whether the answer went elsewhere."""
    if result is None:
        return False
    return DELIVERY_NOTE in result.metadata or any(
        DELIVERY_NOTE in message.metadata for message in result.messages
    )


def _noted(result: RunResult, note: JsonObject) -> RunResult:
    messages = result.messages
    for place in range(len(messages) - 1, -1, -1):
        message = messages[place]
        if message.role == "assistant":
            noted = replace(message, metadata={**message.metadata, DELIVERY_NOTE: note})
            return replace(result, messages=(*messages[:place], noted, *messages[place + 1 :]))
    return replace(result, metadata={**result.metadata, DELIVERY_NOTE: note})


def _unfinished(message: Message) -> Message:
    return replace(message, metadata={**message.metadata, "incomplete": True})


__all__ = ["DELIVERY_NOTE", "STATUS_OF", "Ending", "ending_of", "is_noted", "with_files_kept"]
