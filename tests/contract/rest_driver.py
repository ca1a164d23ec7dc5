"""Speaks REST as a client of it does."""

import json
from collections.abc import Mapping
from typing import Final

import httpx

from agent_host.protocols.channel import Channel
from agent_host.testing.channel_driver import WEBSOCKET, ChannelAnswer, SampleRequest
from agent_host.testing.person import as_person
from agent_host_rest import RestChannel, RestConfig

INPUT: Final = b'{"input": "hello", "session_id": "one", "options": {}, "metadata": {"a": 1}}'
ANSWER: Final = b'{"answers": {"qst_1": true}}'
BODY_LIMIT_BYTES: Final = 16_384


class RestDriver:
    """The blocking form of an invocation."""

    has_sessions = True
    samples = (
        SampleRequest(method="POST", path="/invocations", body=INPUT),
        SampleRequest(method="GET", path="/invocations"),
        SampleRequest(method="GET", path="/invocations/run_1"),
        SampleRequest(method="GET", path="/invocations/run_1/events"),
        SampleRequest(method="POST", path="/invocations/run_1/cancel"),
        SampleRequest(method="POST", path="/invocations/run_1/answer", body=ANSWER),
        SampleRequest(method="POST", path="/commands/whoami", body=b"{}"),
        SampleRequest(method="GET", path="/files/fil_1"),
        SampleRequest(method="GET", path="/sessions/one"),
        SampleRequest(method="DELETE", path="/sessions/one"),
        SampleRequest(method="POST", path="/sessions/one/reset"),
        SampleRequest(method=WEBSOCKET, path="/ws", body=INPUT),
    )

    def make_channel(self) -> Channel:
        return RestChannel(RestConfig(body_limit_bytes=BODY_LIMIT_BYTES))

    def headers(self, body: bytes, *, person: str) -> Mapping[str, str]:
        return {**as_person(person), "content-type": "application/json"}

    async def ask(
        self, client: httpx.AsyncClient, text: str, *, person: str, session: str
    ) -> ChannelAnswer:
        body = json.dumps({"input": text, "session_id": session}).encode()
        headers = self.headers(body, person=person)
        response = await client.post("/invocations", content=body, headers=headers)
        answer = response.json()
        failed = not response.is_success
        text = answer["detail"] if failed else answer["output_text"]
        return ChannelAnswer(text=text, wire=response.text, failed=failed)


__all__ = ["RestDriver"]
