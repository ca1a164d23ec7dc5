"""Posts events as a sender does that signs by Standard Webhooks, bodies that are no text too."""

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

import httpx
from pydantic import SecretStr

from agent_host.protocols.channel import Channel
from agent_host.testing.channel_driver import ChannelAnswer, SampleRequest
from agent_host.testing.person import as_person
from agent_host_webhook import EndpointConfig, MappingConfig, WebhookChannel, WebhookConfig

SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MAPPING: Final = MappingConfig(
    text="data.text", identity="data.from", conversation="data.thread", when="type == 'said'"
)
_SAMPLE: Final = {"type": "said", "data": {"text": "Hi!", "from": "alice", "thread": "one"}}


def endpoint(name: str, **fields: object) -> EndpointConfig:
    """An endpoint with the secret that `headers` signs with."""
    return EndpointConfig.model_validate(
        {"name": name, "secrets": (SecretStr(SECRET),), "mapping": MAPPING, **fields}
    )


def signed(body: bytes, *, event_id: str | None = None) -> dict[str, str]:
    """The headers of an event that is sent now."""
    event_id = event_id or f"msg_{uuid4().hex}"
    seconds = str(int(datetime.now(UTC).timestamp()))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    digest = hmac.digest(key, b".".join((event_id.encode(), seconds.encode(), body)), "sha256")
    return {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


class WebhookDriver:
    """A sender that waits for the answer; and one that does not, among the samples."""

    has_sessions = True
    samples = (
        SampleRequest(method="POST", path="/webhooks/now", body=json.dumps(_SAMPLE).encode()),
        SampleRequest(method="POST", path="/webhooks/later", body=json.dumps(_SAMPLE).encode()),
    )

    def make_channel(self) -> Channel:
        return WebhookChannel(
            WebhookConfig(endpoints=(endpoint("now", reply="now"), endpoint("later")))
        )

    def headers(self, body: bytes, *, person: str) -> Mapping[str, str]:
        return {**as_person(person), **signed(body)}

    async def ask(
        self, client: httpx.AsyncClient, text: str, *, person: str, session: str
    ) -> ChannelAnswer:
        said = {"text": text, "from": person, "thread": session}
        body = json.dumps({"type": "said", "data": said}).encode()
        response = await client.post(
            "/webhooks/now", content=body, headers=self.headers(body, person=person)
        )
        answer = response.json()
        if response.is_success:
            return ChannelAnswer(text=answer["output_text"], wire=response.text)
        return ChannelAnswer(text=answer["detail"], wire=response.text, failed=True)


__all__ = ["SECRET", "WebhookDriver", "endpoint", "signed"]
