"""Runs in the background are one thing on every channel: whoever owns one polls it, cancels it and
hears of it where they like, and it goes when its time is over.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from agent_host import AgentHost
from agent_host.testing.live_server import live_server
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.person import PersonAuthenticator, as_person
from agent_host.types import RunPolicy, Turn
from agent_host_a2a import A2AChannel
from agent_host_openai import OpenAIChannel
from agent_host_rest import RestChannel
from agent_host_webhook import SubscriberConfig, WebhookChannel, WebhookConfig
from tests.channels.a2a.hosting import V1, message, rpc
from tests.channels.a2a.receiver import Receiver, allowing, receiving
from tests.channels.webhook.hosting import SECRET

RETENTION = timedelta(seconds=5)
CHANNELS = ("rest", "a2a", "openai")
BOB = as_person("bob")


async def patient(turn: Turn) -> str:
    if turn.text == "wait":
        await turn.cancelled.wait()
        raise asyncio.CancelledError
    return turn.text.upper()


@dataclass(frozen=True, kw_only=True)
class Served:
    """A client that speaks as alice, to a host with all channels. A run is named as REST does."""

    client: httpx.AsyncClient
    receiver: Receiver
    clock: ManualClock

    async def start(self, channel: str, text: str) -> str:
        """A run that nobody waits for."""
        if channel == "rest":
            body: dict[str, Any] = {"input": text, "background": True}
            return str((await self.client.post("/invocations", json=body)).json()["token"])
        if channel == "openai":
            body = {"input": text, "background": True}
            made = (await self.client.post("/v1/responses", json=body)).json()
            return str(made["id"]).replace("resp_", "run_")
        wishes = {"message": message(text), "configuration": {"returnImmediately": True}}
        sent = await self.client.post("/a2a", json=rpc("SendMessage", wishes))
        return str(sent.json()["result"]["task"]["id"])

    async def poll(self, channel: str, run_id: str, **headers: str) -> tuple[int, str]:
        """The status of the answer, and what it says of the run in the channel's own words."""
        path = f"/invocations/{run_id}"
        if channel == "openai":
            path = f"/v1/responses/{run_id.replace('run_', 'resp_')}"
        if channel == "a2a":
            path = f"/a2a/tasks/{run_id}"
        answer = await self.client.get(path, headers=headers)
        if not answer.is_success:
            return answer.status_code, ""
        status = answer.json()["status"]
        word = status["state"].removeprefix("TASK_STATE_") if channel == "a2a" else status
        return answer.status_code, str(word).lower()

    async def until(self, channel: str, run_id: str, word: str) -> None:
        """Once its own channel says so."""
        while (await self.poll(channel, run_id))[1] != word:
            pass

    async def cancel(self, channel: str, run_id: str, **headers: str) -> int:
        """Ask it to stop."""
        path = f"/invocations/{run_id}/cancel"
        if channel == "openai":
            path = f"/v1/responses/{run_id.replace('run_', 'resp_')}/cancel"
        if channel == "a2a":
            path = f"/a2a/tasks/{run_id}:cancel"
        return (await self.client.post(path, headers=headers)).status_code


@asynccontextmanager
async def hosted() -> AsyncGenerator[Served]:
    clock = ManualClock()
    async with receiving() as receiver:
        one = SubscriberConfig(name="ops", url=f"{receiver.url}/ops", secrets=(SecretStr(SECRET),))
        host = AgentHost(
            patient,
            channels=[
                RestChannel(),
                A2AChannel(),
                OpenAIChannel(),
                WebhookChannel(WebhookConfig(subscribers=(one,))),
            ],
            authenticator=PersonAuthenticator(),
            outbound=allowing(receiver),
            run_policy=RunPolicy(retention=RETENTION),
            clock=clock,
        )
        headers = {**as_person("alice"), **V1}
        async with (
            live_server(host.app) as url,
            httpx.AsyncClient(base_url=url, headers=headers, timeout=20) as client,
        ):
            yield Served(client=client, receiver=receiver, clock=clock)


@pytest.mark.parametrize(
    ("began", "stopped"),
    [
        ("rest", "rest"),
        ("rest", "a2a"),
        ("a2a", "a2a"),
        ("a2a", "rest"),
        ("openai", "openai"),
        ("openai", "rest"),
        ("openai", "a2a"),
    ],
)
async def test_it_is_cancelled_from_anywhere_by_its_owner_alone(began: str, stopped: str) -> None:
    async with hosted() as on:
        run_id = await on.start(began, "wait")
        missing = await on.cancel(stopped, "run_none")
        assert await on.cancel(stopped, run_id, **BOB) == missing == HTTPStatus.NOT_FOUND
        assert await on.cancel(stopped, run_id) in {HTTPStatus.OK, HTTPStatus.ACCEPTED}
        await on.until(began, run_id, "canceled" if began == "a2a" else "cancelled")


@pytest.mark.parametrize("channel", CHANNELS)
async def test_its_end_is_polled_and_pushed_and_then_it_expires(channel: str) -> None:
    async with hosted() as on:
        run_id = await on.start(channel, "hello")
        await on.until(channel, run_id, "completed")
        await on.receiver.until(lambda receiver: bool(receiver.requests))
        (told,) = on.receiver.bodies
        assert (told["type"], told["data"]["run_id"]) == ("run.completed", run_id)
        assert (told["data"]["channel"], told["data"]["output_text"]) == (channel, "HELLO")
        run = (await on.client.get(f"/invocations/{run_id}")).json()
        assert run["background"] is True
        on.clock.advance(RETENTION - timedelta(seconds=1))
        assert (await on.poll(channel, run_id))[1] == "completed"
        on.clock.advance(timedelta(seconds=1))
        for view in CHANNELS:
            assert (await on.poll(view, run_id))[0] == HTTPStatus.NOT_FOUND
        listed = (await on.client.get("/invocations")).json()
        assert listed["items"] == []
