"""A host with webhooks out, people on it, and a receiver that does as a test says."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx
from pydantic import SecretStr
from starlette.requests import HTTPConnection

from agent_host import AgentHost
from agent_host.errors import TargetError, UnauthenticatedError
from agent_host.testing.live_server import live_server
from agent_host.types import DeliveryStatus, Principal
from agent_host_rest import RestChannel
from agent_host_webhook import SubscriberConfig, WebhookChannel, WebhookConfig
from agent_host_webhook.event_type import EVENT_TYPES
from tests.channels.a2a.receiver import Receiver, allowing, receiving

PATH = "/webhook-endpoints"
ADMIN = "operator"
ADMIN_PATH = "/admin/channels/webhook/endpoints"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class HeaderAuthenticator:
    """Believes a header."""

    admits_anyone = False
    challenge = "Test"

    async def authenticate(self, connection: HTTPConnection) -> Principal:
        name = connection.headers.get("x-test-caller")
        if not name:
            raise UnauthenticatedError("Say who you are.")
        scopes = frozenset({"admin"} if name == ADMIN else {"call"})
        return Principal(id=name, kind="token", scopes=scopes)


async def shout(text: str) -> str:
    if text == "fail":
        raise TargetError("I cannot.")
    return text.upper()


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What a test acts with. The client speaks as alice."""

    host: AgentHost
    client: httpx.AsyncClient
    receiver: Receiver

    async def register(self, **fields: Any) -> dict[str, Any]:
        """An endpoint of alice's."""
        body = {"url": f"{self.receiver.url}/hook", **fields}
        response = await self.client.post(PATH, json=body)
        assert response.status_code == HTTPStatus.CREATED, response.text
        assert response.headers["location"] == f"{PATH}/{response.json()['id']}"
        made: dict[str, Any] = response.json()
        return made

    async def operate(self, method: str, *steps: str) -> httpx.Response:
        """What the operator gets at an admin route of the channel."""
        path = "/".join((ADMIN_PATH, *steps))
        return await self.client.request(method, path, headers={"x-test-caller": ADMIN})

    async def ask(self, text: str = "hello", **headers: str) -> dict[str, Any]:
        """A run."""
        response = await self.client.post("/invocations", json={"input": text}, headers=headers)
        answer: dict[str, Any] = response.json()
        return answer

    async def arrived(self, count: int = 1) -> list[dict[str, Any]]:
        """The bodies that came, once there are so many."""
        await self.receiver.until(lambda receiver: len(receiver.requests) >= count)
        return self.receiver.bodies

    async def until(self, holds: Callable[[list[DeliveryStatus]], bool]) -> list[DeliveryStatus]:
        """The states of all deliveries, once they are so."""
        while True:
            found = (await self.host.deliveries.list()).items
            states = [delivery.status for delivery in found]
            if holds(states):
                return states
            await self.client.get("/ping")  # lets the host work


@asynccontextmanager
async def stage(
    *script: Any,
    target: object = shout,
    subscriber: bool = False,
    events: Sequence[str] = EVENT_TYPES,
    hear_starts: bool = False,
    **options: Any,
) -> AsyncGenerator[Stage]:
    """A host that may send to a receiver: for callers, or, with `subscriber`, for the operator, who
    hears of `events`.
    """
    async with receiving(*script) as receiver:
        subscribers: tuple[SubscriberConfig, ...] = ()
        if subscriber:
            fields = {"name": "ops", "url": f"{receiver.url}/ops", "events": tuple(events)}
            one = SubscriberConfig.model_validate({**fields, "secrets": (SecretStr(SECRET),)})
            subscribers = (one,)
        config = WebhookConfig(
            subscriptions=not subscriber,
            subscriptions_hear_starts=hear_starts,
            subscriptions_limit=3,
            subscribers=subscribers,
        )
        host = AgentHost(
            target,
            channels=[RestChannel(), WebhookChannel(config)],
            authenticator=HeaderAuthenticator(),
            outbound=allowing(receiver),
            **options,
        )
        async with (
            live_server(host.app) as url,
            httpx.AsyncClient(
                base_url=url, headers={"x-test-caller": "alice"}, timeout=20
            ) as client,
        ):
            yield Stage(host=host, client=client, receiver=receiver)


__all__ = [
    "ADMIN",
    "ADMIN_PATH",
    "PATH",
    "SECRET",
    "HeaderAuthenticator",
    "Stage",
    "shout",
    "stage",
]
