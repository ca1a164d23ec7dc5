"""How long an endpoint is there: until it is deleted or its owner erased; or as long as its run."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from http import HTTPStatus

import httpx
import pytest

from agent_host.host.record.channel_record import COLLECTION
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.types import (
    Answer,
    InputRequired,
    Question,
    QuestionId,
    RunEvent,
    RunPolicy,
    SessionPolicy,
    TextDelta,
    Turn,
)
from tests.channels.webhook.hosting import PATH, stage
from tests.delivery.hosting import owner_of

YEARS = timedelta(days=1000)


async def ask(_: Turn) -> AsyncGenerator[RunEvent, Answer]:
    for _round in range(3):
        yield InputRequired(questions=(Question(prompt="?", id=QuestionId("q")),))
    yield TextDelta(text="done")


async def test_an_endpoint_stays_though_its_owner_is_away_for_years() -> None:
    clock = ManualClock()
    async with stage(clock=clock, store=MemoryStateStore(clock=clock)) as on:
        made = await on.register()
        clock.advance(YEARS)
        shown = await on.client.get(f"{PATH}/{made['id']}")
        assert shown.status_code == HTTPStatus.OK
        await on.ask()
        assert (await on.arrived())[0]["type"] == "run.completed"


@pytest.mark.parametrize("how", ["deleted", "erased"])
async def test_it_is_gone_once_it_is_deleted_or_its_owner_erased(how: str) -> None:
    store = MemoryStateStore()
    async with stage(store=store) as on:
        made = await on.register()
        owner = await owner_of("alice")
        assert await store.scan(COLLECTION, owner.partition)
        if how == "deleted":
            await on.client.delete(f"{PATH}/{made['id']}")
        else:
            receipt = await on.host.people_operator.forget(owner)
            assert receipt.erased[COLLECTION] == 1
            assert not await store.scan(COLLECTION, owner.partition)
        assert (await on.client.get(PATH)).json() == {"endpoints": []}
        await on.ask()
        assert not (await on.host.deliveries.list()).items


async def test_one_for_a_run_goes_with_the_run() -> None:
    clock = ManualClock()
    store = MemoryStateStore(clock=clock)
    async with stage(target=ask, clock=clock, store=store) as on:
        asked = await on.ask()
        bound = await on.register(run_id=asked["id"])
        other = await on.register()
        await on.client.post(f"/invocations/{asked['id']}/cancel")
        await on.arrived(2)
        clock.advance(RunPolicy().retention + timedelta(seconds=1))
        listed = (await on.client.get(PATH)).json()["endpoints"]
        assert [one["id"] for one in listed] == [other["id"]]
        for verb, method in (("", "GET"), ("/test", "POST"), ("/deliveries", "GET")):
            gone = await on.client.request(method, f"{PATH}/{bound['id']}{verb}")
            assert gone.status_code == HTTPStatus.NOT_FOUND


async def test_nothing_is_left_of_one_for_a_run_that_nobody_asks_for_again() -> None:
    clock = ManualClock()
    store = MemoryStateStore(clock=clock)
    async with stage(target=ask, clock=clock, store=store) as on:
        asked = await on.ask()
        await on.register(run_id=asked["id"])
        await on.client.post(f"/invocations/{asked['id']}/cancel")
        await on.arrived()
        partition = (await owner_of("alice")).partition
        assert await store.scan(COLLECTION, partition)
        clock.advance(SessionPolicy().time_to_live + timedelta(seconds=1))
        assert not await store.scan(COLLECTION, partition)


async def test_one_for_a_run_that_goes_on_for_long_is_kept_by_what_it_hears() -> None:
    clock = ManualClock()
    store = MemoryStateStore(clock=clock)
    sessions = SessionPolicy(time_to_live=timedelta(days=2))
    policy = RunPolicy(answer_time_limit=YEARS)
    async with stage(
        target=ask, clock=clock, store=store, run_policy=policy, session_policy=sessions
    ) as on:
        asked = await on.ask()
        # It wants to hear of the end only; what it does not want keeps it all the same.
        await on.register(run_id=asked["id"], events=["run.completed"])
        for _ in range(3):
            clock.advance(timedelta(days=1.5))
            answered = await on.client.post(
                f"/invocations/{asked['id']}/answer", json={"answer": "x"}
            )
            assert answered.is_success
            await _settled(on.client, asked["id"])
        (told,) = await on.arrived()
    assert told["type"] == "run.completed"


async def _settled(client: httpx.AsyncClient, run_id: str) -> None:
    while True:
        response = await client.get(f"/invocations/{run_id}")
        if response.json()["status"] != "running":
            return
        await asyncio.sleep(0)
