"""The event stream as an ASGI server sees it: frames, heartbeats, backpressure, early ends."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from starlette.types import Message, Scope

from agent_host.errors import HostError, QueueFullError, StoreUnavailableError
from agent_host.wire.sse import EventStreamResponse, FrameSource

SCOPE: Scope = {"type": "http", "method": "GET"}


@dataclass(frozen=True)
class Pace:
    """What a channel's configuration says of streams."""

    heartbeat_interval: timedelta = timedelta(seconds=15)
    stalled_client_limit: timedelta = timedelta(seconds=60)


QUICK = Pace(heartbeat_interval=timedelta(milliseconds=20))


def frame(sequence: int, *, size: int = 1) -> bytes:
    return b"id: %d\ndata: %b\n\n" % (sequence, b"t" * size)


def fail(error: HostError) -> bytes:
    return b"event: error\ndata: %b\n\n" % error.code.encode()


class Source:
    """Frames that the test lets out, and a record of how the stream was left."""

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        self.ended = asyncio.Event()
        self.closed = asyncio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[FrameSource]:
        try:
            yield FrameSource(headers=[(b"x-run-id", b"run_1")], frames=self.frames(), fail=fail)
        finally:
            self.closed.set()

    async def frames(self) -> AsyncIterator[bytes]:
        while (item := await self.waiting.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
        self.ended.set()


class Client:
    """The other end: what it got, and what it can do to the server."""

    def __init__(self) -> None:
        self.got: list[Message] = []
        self.grew = asyncio.Condition()
        self.left = asyncio.Event()
        self.taking = asyncio.Event()
        self.taking.set()
        self.stuck = asyncio.Event()
        self.broken = False
        self.asked = False

    async def receive(self) -> Message:
        if not self.asked:
            self.asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self.broken:
            raise OSError
        if not self.taking.is_set():
            self.stuck.set()
        await self.taking.wait()
        async with self.grew:
            self.got.append(message)
            self.grew.notify_all()

    async def until(self, text: bytes, times: int = 1) -> None:
        async with self.grew:
            await self.grew.wait_for(lambda: self.body.count(text) >= times)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.got)

    @property
    def ended(self) -> bool:
        return bool(self.got) and self.got[-1].get("more_body") is False


async def serve(
    source: Source,
    client: Client,
    *,
    pace: Pace | None = None,
    scope: Any = SCOPE,
) -> None:
    response = EventStreamResponse(source.open(), pace=pace or Pace())
    await response(scope, client.receive, client.send)


async def test_events_are_written_as_they_come() -> None:
    source, client = Source(), Client()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(source, client))
        for sequence in range(3):
            source.waiting.put_nowait(frame(sequence))
            await client.until(f"id: {sequence}\n".encode())
        assert not client.ended
        source.waiting.put_nowait(None)
    assert client.ended
    assert source.closed.is_set()
    start = client.got[0]
    assert start["status"] == 200
    headers = dict(start["headers"])
    assert headers[b"content-type"] == b"text/event-stream; charset=utf-8"
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"x-accel-buffering"] == b"no"
    assert headers[b"x-run-id"] == b"run_1"


async def test_silence_is_filled_with_heartbeats() -> None:
    source, client = Source(), Client()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(source, client, pace=QUICK))
        await client.until(b": heartbeat\n\n", times=3)
        source.waiting.put_nowait(frame(0))
        await client.until(b"id: 0\n")
        await client.until(b": heartbeat\n\n", times=4)
        source.waiting.put_nowait(None)
    assert client.ended


async def test_a_client_that_leaves_ends_the_stream_and_its_source() -> None:
    source, client = Source(), Client()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(source, client))
        source.waiting.put_nowait(frame(0))
        await client.until(b"id: 0\n")
        client.left.set()
    assert source.closed.is_set()
    assert not client.ended


async def test_a_broken_connection_ends_the_stream_quietly() -> None:
    source, client = Source(), Client()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(source, client))
        source.waiting.put_nowait(frame(0))
        await client.until(b"id: 0\n")
        client.broken = True
        source.waiting.put_nowait(frame(1))
    assert source.closed.is_set()


async def test_a_connection_that_breaks_in_silence_ends_with_the_heartbeat() -> None:
    source, client = Source(), Client()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(source, client, pace=QUICK))
        await client.until(b": heartbeat\n\n")
        client.broken = True
    assert source.closed.is_set()


async def test_a_client_that_takes_nothing_is_let_go() -> None:
    source, client = Source(), Client()
    pace = Pace(stalled_client_limit=timedelta(milliseconds=30))
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(source, client, pace=pace))
        source.waiting.put_nowait(frame(0))
        await client.until(b"id: 0\n")
        client.taking.clear()
        source.waiting.put_nowait(frame(1))
    assert source.closed.is_set()
    assert not client.ended


async def test_a_slow_client_is_waited_for() -> None:
    source, client = Source(), Client()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(source, client, pace=QUICK))
        source.waiting.put_nowait(frame(0))
        await client.until(b"id: 0\n")
        client.taking.clear()
        for sequence in range(1, 9):
            source.waiting.put_nowait(frame(sequence, size=40_000))
        await client.stuck.wait()
        assert source.waiting.qsize() == 6
        client.taking.set()
        await client.until(b"id: 8\n")
        source.waiting.put_nowait(None)
    sent = [
        int(number) for number in re.findall(r"^id: (\d+)$", client.body.decode(), re.MULTILINE)
    ]
    assert sent == list(range(9))


async def test_what_is_there_at_once_goes_out_at_once() -> None:
    source, client = Source(), Client()
    for sequence in range(20):
        source.waiting.put_nowait(frame(sequence))
    source.waiting.put_nowait(None)
    await serve(source, client)
    assert client.body.count(b"data: t\n") == 20
    assert len(client.got) == 2


async def test_an_error_after_the_start_is_said_in_the_stream() -> None:
    source, client = Source(), Client()
    source.waiting.put_nowait(frame(0))
    source.waiting.put_nowait(StoreUnavailableError("The store does not answer."))
    await serve(source, client)
    assert client.body.endswith(b"\n\nevent: error\ndata: store_unavailable\n\n")
    assert client.ended


async def test_an_error_before_the_start_is_left_to_the_host() -> None:
    @asynccontextmanager
    async def refused() -> AsyncGenerator[FrameSource]:
        message = "Too many wait."
        raise QueueFullError(message, timedelta(seconds=1))
        yield

    client = Client()
    response = EventStreamResponse(refused(), pace=Pace())
    with pytest.raises(QueueFullError):
        await response(SCOPE, client.receive, client.send)
    assert client.got == []


async def test_a_head_request_gets_the_headers_only() -> None:
    source, client = Source(), Client()
    await serve(source, client, scope={"type": "http", "method": "HEAD"})
    assert client.got[0]["status"] == 200
    assert client.body == b""
    assert client.ended


async def test_being_cancelled_is_passed_on() -> None:
    source, client = Source(), Client()
    source.waiting.put_nowait(frame(0))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(serve(source, client))
        await client.until(b"id: 0\n")
        task.cancel()
    assert task.cancelled()
    assert source.closed.is_set()


async def test_a_connection_that_breaks_at_the_end_is_no_error() -> None:
    source, client = Source(), Client()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(source, client))
        source.waiting.put_nowait(frame(0))
        await client.until(b"id: 0\n")
        client.broken = True
        source.waiting.put_nowait(None)
    assert source.closed.is_set()
    assert not client.ended


async def test_the_end_waits_for_what_is_on_its_way() -> None:
    source, client = Source(), Client()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(source, client))
        source.waiting.put_nowait(frame(0))
        await client.until(b"id: 0\n")
        client.taking.clear()
        source.waiting.put_nowait(frame(1))
        await client.stuck.wait()
        source.waiting.put_nowait(frame(2))
        source.waiting.put_nowait(None)
        await source.ended.wait()
        client.taking.set()
    assert client.ended
    assert [client.body.count(b"id: %d\n" % number) for number in range(3)] == [1, 1, 1]
