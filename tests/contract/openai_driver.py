"""Speaks the Responses API as a client of it does."""

import json
from collections.abc import Mapping
from typing import Final

import httpx

from agent_host.protocols.channel import Channel
from agent_host.testing.channel_driver import ChannelAnswer, SampleRequest
from agent_host.testing.person import as_person
from agent_host_openai import OpenAIChannel, OpenAIConfig

RESPONSE: Final = (
    b'{"input": [{"role": "user", "content": [{"type": "input_text", "text": "hello"}]}], '
    b'"temperature": 0.5, "metadata": {"a": "b"}, "tools": '
    b'[{"type": "function", "name": "look", "parameters": {"type": "object"}}]}'
)
CHAT: Final = b'{"messages": [{"role": "user", "content": "hello"}], "max_tokens": 5}'
ITEMS: Final = b'{"items": [{"type": "message", "role": "user", "content": "hello"}]}'
METADATA: Final = b'{"metadata": {"a": "b"}}'
BODY_LIMIT_BYTES: Final = 16_384


class OpenAIDriver:
    """The blocking form of a response. A conversation's id is the server's, so there is none that a
    client that keeps nothing could name.
    """

    has_sessions = False
    samples = (
        SampleRequest(method="POST", path="/v1/responses", body=RESPONSE),
        SampleRequest(method="GET", path="/v1/responses/resp_1"),
        SampleRequest(method="DELETE", path="/v1/responses/resp_1"),
        SampleRequest(method="POST", path="/v1/responses/resp_1/cancel"),
        SampleRequest(method="POST", path="/v1/responses/compact", body=RESPONSE),
        SampleRequest(method="POST", path="/v1/responses/input_tokens", body=RESPONSE),
        SampleRequest(method="GET", path="/v1/responses/resp_1/input_items"),
        SampleRequest(method="POST", path="/v1/conversations", body=METADATA),
        SampleRequest(method="GET", path="/v1/conversations/conv_1"),
        SampleRequest(method="POST", path="/v1/conversations/conv_1", body=METADATA),
        SampleRequest(method="DELETE", path="/v1/conversations/conv_1"),
        SampleRequest(method="GET", path="/v1/conversations/conv_1/items"),
        SampleRequest(method="POST", path="/v1/conversations/conv_1/items", body=ITEMS),
        SampleRequest(method="GET", path="/v1/conversations/conv_1/items/msg_1"),
        SampleRequest(method="DELETE", path="/v1/conversations/conv_1/items/msg_1"),
        SampleRequest(method="POST", path="/v1/chat/completions", body=CHAT),
        SampleRequest(method="GET", path="/v1/models"),
        SampleRequest(method="GET", path="/v1/models/any"),
    )

    def make_channel(self) -> Channel:
        return OpenAIChannel(OpenAIConfig(body_limit_bytes=BODY_LIMIT_BYTES))

    def headers(self, body: bytes, *, person: str) -> Mapping[str, str]:
        return {**as_person(person), "content-type": "application/json"}

    async def ask(
        self, client: httpx.AsyncClient, text: str, *, person: str, session: str
    ) -> ChannelAnswer:
        body = json.dumps({"input": text}).encode()
        headers = self.headers(body, person=person)
        response = await client.post("/v1/responses", content=body, headers=headers)
        answer = response.json()
        if not response.is_success:
            return ChannelAnswer(text=answer["error"]["message"], wire=response.text, failed=True)
        said = [item for item in answer["output"] if item["type"] == "message"]
        text = "".join(part["text"] for item in said for part in item["content"])
        return ChannelAnswer(text=text, wire=response.text)


__all__ = ["OpenAIDriver"]
