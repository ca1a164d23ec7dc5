"""A body is read to its end, or the client left."""

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from agent_host.wire.body import read_body


class Arriving:
    """A request's messages, one after the other."""

    def __init__(self, *messages: Message) -> None:
        self._messages = list(messages)

    async def receive(self) -> Message:
        return self._messages.pop(0)


async def test_all_pieces_are_joined() -> None:
    client = Arriving(
        {"type": "http.request", "body": b"a", "more_body": True},
        {"type": "http.request", "more_body": True},
        {"type": "http.request", "body": b"b"},
    )
    assert await read_body(client.receive) == b"ab"


async def test_a_client_that_leaves_has_sent_no_body() -> None:
    client = Arriving(
        {"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.disconnect"}
    )
    with pytest.raises(ClientDisconnect):
        await read_body(client.receive)
