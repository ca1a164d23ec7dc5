"""What the reader brings is what the application gets, and neither waits for the other for ever."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from agent_host.asgi.inbox import Inbox

GONE = {"type": "http.disconnect"}


def chunk(number: int) -> dict[str, object]:
    return {"type": "http.request", "body": number}


@given(count=st.integers(0, 20), limit=st.integers(1, 5), pauses=st.lists(st.booleans()))
async def test_messages_arrive_whole_and_in_order(
    count: int, limit: int, pauses: list[bool]
) -> None:
    inbox = Inbox(limit)

    async def bring() -> None:
        for number in range(count):
            if number < len(pauses) and pauses[number]:
                await asyncio.sleep(0)
            await inbox.put(chunk(number))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bring())
        assert [await inbox.get() for _ in range(count)] == [chunk(n) for n in range(count)]


def piece(body: bytes, *, more: bool) -> dict[str, object]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_the_end_of_a_body_is_said_with_a_last_piece_that_waits() -> None:
    inbox = Inbox(2)
    await inbox.put(piece(b"1", more=True))
    await inbox.put(piece(b"2", more=True))
    await inbox.put(piece(b"", more=False))  # there is no room for one more

    assert [await inbox.get(), await inbox.get()] == [
        piece(b"1", more=True),
        piece(b"2", more=False),
    ]


async def test_the_end_of_a_body_comes_by_itself_where_all_pieces_were_taken() -> None:
    inbox = Inbox(2)
    await inbox.put(piece(b"1", more=True))
    taken = await inbox.get()
    await inbox.put(piece(b"", more=False))

    assert [taken, await inbox.get()] == [piece(b"1", more=True), piece(b"", more=False)]


async def test_a_last_piece_with_a_body_of_its_own_is_kept() -> None:
    inbox = Inbox(2)
    await inbox.put(piece(b"1", more=True))
    await inbox.put(piece(b"2", more=False))

    assert [await inbox.get(), await inbox.get()] == [
        piece(b"1", more=True),
        piece(b"2", more=False),
    ]


async def test_the_end_of_a_body_that_was_broken_off_is_not_told() -> None:
    inbox = Inbox(2)
    await inbox.put({**GONE})
    await inbox.put(piece(b"", more=False))

    assert await inbox.get() == GONE


async def test_a_reader_waits_while_the_inbox_is_full() -> None:
    inbox = Inbox(1)
    await inbox.put(chunk(1))

    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(inbox.put(chunk(2)))
        await asyncio.sleep(0)
        assert not waiting.done()
        assert await inbox.get() == chunk(1)

    assert await inbox.get() == chunk(2)


async def test_the_end_of_a_request_frees_a_reader_that_waits() -> None:
    inbox = Inbox(1)
    await inbox.put(chunk(1))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(inbox.put(chunk(2)))
        await asyncio.sleep(0)
        await inbox.put(GONE)

    assert await inbox.get() == chunk(1)
    assert await inbox.get() == GONE


async def test_after_the_end_nothing_is_taken_and_the_end_is_told_again() -> None:
    inbox = Inbox(1)
    await inbox.put(GONE)
    await inbox.put(chunk(1))

    assert [await inbox.get(), await inbox.get()] == [GONE, GONE]


async def test_an_application_that_waits_is_told_of_the_end() -> None:
    inbox = Inbox(1)

    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(inbox.get())
        await asyncio.sleep(0)
        await inbox.put(GONE)

    assert waiting.result() == GONE
