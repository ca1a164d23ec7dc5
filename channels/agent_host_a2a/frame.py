"""A task's stream as server-sent events, in the words of one binding and version."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from agent_host.errors import HostError
from agent_host.wire.header import RawHeaders
from agent_host.wire.json_text import json_bytes
from agent_host.wire.sse import FrameSource
from agent_host_a2a.operation import TaskStream
from agent_host_a2a.part import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameWording:
    """`before` and `behind` stand around each `StreamResponse`, which `spell` may change first.
    `fail` is the last frame of a stream that broke off.
    """

    before: bytes
    behind: bytes
    spell: Callable[[Fields], Fields] | None
    fail: Callable[[HostError], bytes]

    def frame(self, response: Fields, sequence: int | None = None) -> bytes:
        """One event; with an id where a client may take up the stream again behind it."""
        said = response if self.spell is None else self.spell(response)
        name = b"" if sequence is None else b"id: %d\n" % sequence
        return b"%b%b%b%b" % (name, self.before, json_bytes(said), self.behind)


@asynccontextmanager
async def frame_source(
    opened: AbstractAsyncContextManager[TaskStream], wording: FrameWording, headers: RawHeaders
) -> AsyncGenerator[FrameSource]:
    """What an event stream is written from, for as long as the task's stream is open."""
    async with opened as stream:
        frames = _frames(stream, wording)
        try:
            yield FrameSource(headers=headers, frames=frames, fail=wording.fail)
        finally:
            await frames.aclose()


async def _frames(stream: TaskStream, wording: FrameWording) -> AsyncGenerator[bytes]:
    if stream.alone is not None:
        await _pass_over(stream)
        yield wording.frame(await stream.alone())
        return
    yield wording.frame(stream.first)
    async for entry in stream.entries:
        updates = stream.progress.take(entry)
        if not updates:
            continue
        frames = [wording.frame(update) for update in updates[:-1]]
        frames.append(wording.frame(updates[-1], entry.sequence))
        yield b"".join(frames)


async def _pass_over(stream: TaskStream) -> None:
    entries: AsyncIterator[object] = stream.entries
    async for _ in entries:
        pass


__all__ = ["FrameWording", "frame_source"]
