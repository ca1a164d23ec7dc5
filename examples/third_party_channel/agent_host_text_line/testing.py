"""Speaks the protocol as the gateway does: the driver for the contract suite of `agent_host`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

import httpx
from pydantic import SecretStr

from agent_host.protocols.channel import Channel
from agent_host.testing.channel_driver import WEBSOCKET, ChannelAnswer, SampleRequest
from agent_host.testing.person import as_person
from agent_host_text_line.channel import TextLineChannel
from agent_host_text_line.config import TextLineConfig
from agent_host_text_line.schema import ERROR, MEDIA_TYPE, SIGNATURE_HEADER
from agent_host_text_line.verify import sign

PATH: Final = "/text_line/main"
SECRET: Final = "a made-up secret of some length"  # noqa: S105 - for tests


class TextLineDriver:
    """A gateway that says who is there and what they say."""

    has_sessions = True
    samples = (
        SampleRequest(method="POST", path=PATH, body=b"id: m-1\nfrom: alice\nthread: one\n\nHi!"),
        SampleRequest(method=WEBSOCKET, path=f"{PATH}/ws", body=b"Hi!"),
    )

    def make_channel(self) -> Channel:
        """With the secret that `headers` signs with."""
        return TextLineChannel(TextLineConfig(secret=SecretStr(SECRET)))

    def headers(self, body: bytes, *, person: str) -> Mapping[str, str]:
        """Signed now, by the gateway's account."""
        signature = sign(body, secret=SECRET, account="main", at=datetime.now(UTC))
        return {
            **as_person(person),
            "content-type": f"{MEDIA_TYPE}; charset=utf-8",
            SIGNATURE_HEADER: signature,
        }

    async def ask(
        self, client: httpx.AsyncClient, text: str, *, person: str, session: str
    ) -> ChannelAnswer:
        """A new message of the person's."""
        body = f"id: {uuid4()}\nfrom: {person}\nthread: {session}\n\n{text}".encode()
        headers = self.headers(body, person=person)
        response = await client.post(PATH, content=body, headers=headers)
        failed = not response.is_success
        return ChannelAnswer(
            text=response.text.removeprefix(ERROR), wire=response.text, failed=failed
        )


__all__ = ["TextLineDriver"]
