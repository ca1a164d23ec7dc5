"""The container contract: `GET /ping`, for anybody."""

import asyncio
from datetime import timedelta

import httpx

from agent_host import AgentHost
from agent_host.testing.live_server import live_server
from agent_host.testing.manual_clock import ManualClock
from agent_host_rest import RestChannel
from agent_host_rest.container import ContainerHealth
from tests.channels.rest.hosting import CALLER, hosted


async def test_ping_says_healthy_to_anybody() -> None:
    async def echo(text: str) -> str:
        return text

    async with hosted(echo) as client:
        response = await client.get("/ping", headers={CALLER: ""})
    assert response.status_code == 200
    assert response.json()["status"] == "Healthy"
    assert isinstance(response.json()["time_of_last_update"], int)


async def test_ping_says_busy_while_a_run_goes_on() -> None:
    began, finish = asyncio.Event(), asyncio.Event()

    async def slow(text: str) -> str:
        began.set()
        await finish.wait()
        return text

    async with hosted(slow) as client:
        body = {"input": "x", "background": True}
        token = (await client.post("/invocations", json=body)).json()["token"]
        await began.wait()
        busy = (await client.get("/ping")).json()
        finish.set()
        await client.get(f"/invocations/{token}/events")
    assert busy["status"] == "HealthyBusy"


async def test_the_time_is_that_of_the_last_change() -> None:
    async def echo(text: str) -> str:
        return text

    clock = ManualClock()
    host = AgentHost(echo, channels=[RestChannel()], clock=clock)
    health = ContainerHealth(host.context)
    async with host:
        first = health.report()
        clock.advance(timedelta(seconds=60))
        assert health.report() == first
        assert first["time_of_last_update"] == int(clock.now().timestamp()) - 60


async def test_a_host_that_goes_down_fails_the_ping() -> None:
    async def echo(text: str) -> str:
        return text

    host = AgentHost(echo, channels=[RestChannel()])
    async with live_server(host.app) as url, httpx.AsyncClient(base_url=url) as client:
        assert (await client.get("/ping")).status_code == 200
        host.begin_draining()
        response = await client.get("/ping")
    assert (response.status_code, response.json()["code"]) == (503, "draining")
