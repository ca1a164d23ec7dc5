"""The table of the docs page, row by row, against a receiver that misbehaves on a real socket."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TypeAlias

import pytest

from agent_host import AgentHost
from agent_host.delivery.option import DeliveryOptions
from agent_host.system import SystemClock
from agent_host.testing.push_channel import PushChannelDouble
from agent_host.types import ChannelIdentity, Delivery, DeliveryStatus
from examples.deliveries import HttpPush
from tests.delivery.hosting import FINAL, QUICK, shout
from tests.docs.page import Page

SOMEBODY = ChannelIdentity(channel="http", account="default", native_id="somebody")
POLICY = replace(QUICK, attempt_time_limit=timedelta(milliseconds=300), attempts_limit=2)
Answer: TypeAlias = Callable[[asyncio.StreamWriter], Awaitable[None]]
DEAD, UNKNOWN = DeliveryStatus.DEAD, DeliveryStatus.UNKNOWN
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


def status(code: int, more: str = "") -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {code} X\r\ncontent-length: 0\r\nconnection: close\r\n{more}\r\n"
        writer.write(head.encode())

    return answer


async def hang(_: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def drop(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def close_in_the_middle(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
    await writer.drain()


class Receiver:
    """Answers once as a test says, then 200. `keys` are what came in this header."""

    def __init__(self, first: Answer, *, header: str = "idempotency-key") -> None:
        self._first: Answer | None = first
        self._header = header
        self.keys: list[str] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        await reader.readexactly(length)
        self.keys.append(head.partition(f"{self._header}: ")[2].partition("\r\n")[0])
        first, self._first = self._first, None
        try:
            if first is None:
                writer.write(OK)
            else:
                await first(writer)
        finally:
            writer.close()


@asynccontextmanager
async def served(receiver: Receiver) -> AsyncGenerator[str]:
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.get_running_loop().create_task(receiver(reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def delivered(url: str, *, is_idempotent: bool) -> Delivery:
    push = HttpPush(url, is_idempotent=is_idempotent)
    host = AgentHost(
        shout,
        channels=[PushChannelDouble("http", push)],
        delivery=DeliveryOptions(policy=POLICY),
    )
    clock = SystemClock()
    async with push.client, host:
        (delivery,) = await host.deliver("hi", to=SOMEBODY)
        while True:
            found = await host.deliveries.show(delivery.id)
            if found.status in FINAL:
                return found
            await clock.sleep(0.005)


@pytest.mark.parametrize(
    ("row", "answer", "error_class", "then", "then_with_key"),
    [
        ("500", status(500), "transient", None, None),
        ("503", status(503, "retry-after: 0\r\n"), "transient", None, None),
        ("429", status(429, "retry-after: 0\r\n"), "rate_limited", None, None),
        ("3xx", status(302, "location: /elsewhere\r\n"), "permanent", DEAD, DEAD),
        ("410", status(410), "permanent", DEAD, DEAD),
        ("hangs", hang, "unknown_after_send", UNKNOWN, None),
        ("drops the connection", drop, "unknown_after_send", UNKNOWN, None),
        ("closes in the middle", close_in_the_middle, "unknown_after_send", UNKNOWN, None),
    ],
)
@pytest.mark.parametrize("is_idempotent", [True, False])
async def test_the_table_is_what_happens(
    row: str,
    answer: Answer,
    error_class: str,
    then: DeliveryStatus | None,
    then_with_key: DeliveryStatus | None,
    *,
    is_idempotent: bool,
) -> None:
    receiver = Receiver(answer)
    async with served(receiver) as url:
        delivery = await delivered(url, is_idempotent=is_idempotent)
    expected = (then_with_key if is_idempotent else then) or DeliveryStatus.ACCEPTED
    assert delivery.status is expected
    assert delivery.attempts[0].error_class == error_class
    again = expected is DeliveryStatus.ACCEPTED
    assert receiver.keys == [delivery.id] * (2 if again else 1)
    (told,) = [cells for cells in table() if row in cells[0]]
    assert told[1] == f"`{error_class}`"
    first = DeliveryStatus.FAILED if again else expected
    assert promised(row, is_idempotent=is_idempotent) == first.value


async def test_nobody_there_is_tried_again() -> None:
    async with served(Receiver(hang)) as url:
        pass
    delivery = await delivered(url, is_idempotent=False)
    assert delivery.status is DeliveryStatus.DEAD
    assert [one.error_class for one in delivery.attempts] == ["transient", "transient"]


def promised(row: str, *, is_idempotent: bool) -> str:
    """The state that the table says comes next."""
    rows = table()
    number = next(number for number, cells in enumerate(rows) if row in cells[0])
    while rows[number][2] == "as above":
        number -= 1
    with_key, _, without = rows[number][2].partition("; else ")
    found = re.search(r"`(\w+)`", with_key if is_idempotent else without or with_key)
    assert found is not None
    return found[1]


def table() -> list[list[str]]:
    page = Page(path="docs/operations/delivery.md")
    return [[*cells] for cells in page.rows("What a failure means")]
