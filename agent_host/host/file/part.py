"""Finds and changes the files inside messages and events. Pure; what is not as annotated is passed
over, since a target can put anything into its events and the codec is the one to judge.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, TypeAlias, TypeVar, cast

from agent_host.types.event import ArtifactChunk, PartAdded, RunCompleted, RunEvent
from agent_host.types.message import Message
from agent_host.types.part import ErrorPart, FilePart, Part
from agent_host.types.result import Artifact, RunResult

Change: TypeAlias = Callable[[FilePart], Part]
HolderT = TypeVar("HolderT", Message, Artifact)
EventT = TypeVar("EventT", bound=RunEvent)
Parts: TypeAlias = tuple[Part, ...]

CARRIERS: Final = frozenset({PartAdded, ArtifactChunk, RunCompleted})
"""Events that may hold files; a look at the type keeps all others from being searched."""

GONE: Final = "file_gone"


def carries_files(messages: Sequence[Message]) -> bool:
    """Whether there is any file in them."""
    for message in messages:
        for part in message.parts:
            if type(part) is FilePart:
                return True
    return False


def files_in(event: RunEvent) -> list[FilePart]:
    """The files of an event, in order."""
    found: list[FilePart] = []

    def note(part: FilePart) -> FilePart:
        found.append(part)
        return part

    change_event(event, note)
    return found


def change_event(event: EventT, change: Change) -> EventT:
    """The event with its files changed; itself, if none is."""
    return cast("EventT", _change_event(event, change))


def _change_event(event: RunEvent, change: Change) -> RunEvent:
    match event:
        case PartAdded(part=FilePart() as part):
            changed = change(part)
            return event if changed is part else replace(event, part=changed)
        case ArtifactChunk():
            parts = _change_parts(event.parts, change)
            return event if parts is event.parts else replace(event, parts=parts)
        case RunCompleted(result=RunResult() as result):
            messages = change_messages(result.messages, change)
            artifacts = _change_all(result.artifacts, Artifact, change)
            if messages is result.messages and artifacts is result.artifacts:
                return event
            return RunCompleted(result=replace(result, messages=messages, artifacts=artifacts))
        case _:
            return event


def change_messages(messages: tuple[Message, ...], change: Change) -> tuple[Message, ...]:
    """The messages with their files changed; themselves, if none is."""
    return _change_all(messages, Message, change)


def without_bytes(part: FilePart) -> FilePart:
    """As it is stored: what the file store keeps is left out."""
    return part if part.id is None or part.data is None else replace(part, data=None)


def gone(part: FilePart) -> ErrorPart:
    """What stands where a file was whose bytes are not kept any more."""
    called = f"{part.name!r} " if part.name else ""
    about = f"{part.media_type}, {part.size_bytes} bytes"
    return ErrorPart(
        code=GONE,
        message=f"The file {called}({about}) is not kept any more.",
        metadata={
            "id": part.id,
            "name": part.name,
            "media_type": part.media_type,
            "size_bytes": part.size_bytes,
        },
    )


def _change_all(
    holders: tuple[HolderT, ...], kind: type[HolderT], change: Change
) -> tuple[HolderT, ...]:
    if type(holders) is not tuple:
        return holders
    changed = tuple([_change_one(held, change) if type(held) is kind else held for held in holders])
    return holders if all(a is b for a, b in zip(changed, holders, strict=True)) else changed


def _change_one(holder: HolderT, change: Change) -> HolderT:
    parts = _change_parts(holder.parts, change)
    return holder if parts is holder.parts else replace(holder, parts=parts)


def _change_parts(parts: Parts, change: Change) -> Parts:
    if type(parts) is not tuple:
        return parts
    changed = tuple([change(part) if type(part) is FilePart else part for part in parts])
    return parts if all(a is b for a, b in zip(changed, parts, strict=True)) else changed


__all__ = [
    "CARRIERS",
    "GONE",
    "EventT",
    "carries_files",
    "change_event",
    "change_messages",
    "files_in",
    "gone",
    "without_bytes",
]
