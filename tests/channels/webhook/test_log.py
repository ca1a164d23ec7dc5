"""What was sent to an endpoint: shown to its owner and to the operator, and to nobody else."""

import asyncio
from datetime import datetime
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.responses import Response

from agent_host.delivery.endpoint_log import OF_ENDPOINT, listed_key
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.types import DeliveryPolicy, DeliveryStatus
from agent_host_webhook import SubscriberConfig
from agent_host_webhook.operator_book import GoneEndpoint, gone_at
from tests.channels.a2a.receiver import answering
from tests.channels.webhook.hosting import ADMIN_PATH, PATH, SECRET, Stage, stage
from tests.delivery.hosting import owner_of

ACCEPTED, DEAD, FAILED = DeliveryStatus.ACCEPTED, DeliveryStatus.DEAD, DeliveryStatus.FAILED


async def log_of(on: Stage, endpoint_id: str, query: str = "") -> Any:
    response = await on.client.get(f"{PATH}/{endpoint_id}/deliveries{query}")
    assert response.status_code == HTTPStatus.OK, response.text
    return response.json()


async def test_an_owner_sees_every_attempt_and_nothing_of_what_was_said() -> None:
    async with stage(answering(503, retry_after="60")) as on:
        made, other = await on.register(events=["run.completed"]), await on.register()
        asked = await on.ask("a secret word")
        await on.until(lambda states: sorted(states) == sorted((ACCEPTED, FAILED)))
        found = [await log_of(on, one["id"]) for one in (made, other)]
        raw = (await on.client.get(f"{PATH}/{made['id']}/deliveries")).text
    entries = [entry for log in found for entry in log["deliveries"]]
    assert [log["next_cursor"] for log in found] == [None, None]
    assert len(entries) == 2, "each has its own"
    (failed,) = [entry for entry in entries if entry["status"] == "failed"]
    assert failed["event"] == "run.completed"
    assert failed["run_id"] == asked["id"]
    (attempt,) = failed["attempts"]
    assert attempt["error"] == "http_503"
    assert attempt["retry_after_seconds"] == 60
    next_attempt = datetime.fromisoformat(failed["next_attempt_at"])
    assert (next_attempt - datetime.fromisoformat(attempt["ended_at"])).total_seconds() >= 60
    (accepted,) = [entry for entry in entries if entry["status"] == "accepted"]
    assert accepted["next_attempt_at"] is None
    assert "SECRET WORD" not in raw.upper()


async def test_the_log_has_pages_the_newest_first() -> None:
    async with stage() as on:
        made = await on.register()
        runs = [(await on.ask(str(number)))["id"] for number in range(5)]
        await on.until(lambda states: states == [ACCEPTED] * 5)
        seen: list[str] = []
        query = "?limit=2"
        while True:
            page = await log_of(on, made["id"], query)
            seen += [entry["run_id"] for entry in page["deliveries"]]
            if page["next_cursor"] is None:
                break
            query = f"?limit=2&after={page['next_cursor']}"
        assert seen == runs[::-1]
        for wrong in ("?limit=0", "?limit=201", "?limit=x", "?after=run_1", "?after=%00"):
            response = await on.client.get(f"{PATH}/{made['id']}/deliveries{wrong}")
            assert response.status_code == HTTPStatus.BAD_REQUEST, wrong


async def test_nothing_is_left_of_the_log_behind_its_owner_nor_for_ever() -> None:
    clock = ManualClock()
    store = MemoryStateStore(clock=clock)

    async def listed() -> int:
        count = 0
        for partition in partitions:
            count += len(await store.scan(OF_ENDPOINT, partition))
        return count

    async with stage(clock=clock, store=store) as on:
        made = await on.register()
        await on.ask()
        await on.until(lambda states: states == [ACCEPTED])
        (delivery,) = (await on.host.deliveries.list()).items
        partitions = [listed_key(delivery).partition]
        assert await listed() == 1
        await on.client.delete(f"{PATH}/{made['id']}")
        await on.host.people_operator.forget(await owner_of("alice"))
        assert await listed() == 0

        await on.register()
        await on.ask()
        await on.until(lambda states: states == [ACCEPTED])
        (delivery,) = (await on.host.deliveries.list()).items
        partitions = [listed_key(delivery).partition]
        assert await listed() == 1
        clock.advance(DeliveryPolicy().retention * 2)
        assert await listed() == 0


async def test_operators_see_the_log_of_any_endpoint_and_may_try_it() -> None:
    async with stage() as on:
        made = await on.register()
        untried = await on.operate("POST", made["id"], "test")
        missing = await on.operate("POST", "whe_made_up", "test")
        assert untried.status_code == missing.status_code == HTTPStatus.NOT_FOUND
        assert untried.content == missing.content

        await on.ask()
        await on.until(lambda states: states == [ACCEPTED])
        shown = (await on.operate("GET", made["id"], "deliveries")).json()
        assert shown == await log_of(on, made["id"])
        tested = await on.operate("POST", made["id"], "test")
        assert tested.json() == {"status": HTTPStatus.NO_CONTENT}
        assert on.receiver.bodies[-1]["type"] == "webhook.test"
        assert (await on.operate("POST", made["id"], "enable")).status_code == HTTPStatus.NOT_FOUND


async def test_the_operators_own_endpoint_is_off_when_it_is_gone_and_can_be_enabled() -> None:
    async with stage(answering(410), subscriber=True) as on:
        await on.ask("one")
        await on.until(lambda states: states == [DEAD])
        (shown,) = (await on.operate("GET")).json()["endpoints"]
        assert shown["id"] == "ops"
        assert shown["disabled_reason"] == "gone"
        assert shown["disabled_at"] is not None
        assert "secrets" not in shown
        await on.ask("two")
        assert await on.until(bool) == [DEAD], "nothing more is planned"

        assert (await on.operate("POST", "ops", "test")).json() == {"status": 204}
        enabled = (await on.operate("POST", "ops", "enable")).json()
        assert enabled["disabled_at"] is enabled["disabled_reason"] is None
        await on.ask("three")
        await on.until(lambda states: sorted(states) == sorted((ACCEPTED, DEAD)))
        log = (await on.operate("GET", "ops", "deliveries")).json()["deliveries"]
        assert [entry["status"] for entry in log] == ["accepted", "dead"]
        assert log[1]["attempts"][0]["error"] == "gone"


async def test_what_waits_behind_a_receiver_that_is_gone_is_not_sent() -> None:
    go_on = asyncio.Event()

    async def gone() -> Response:
        await go_on.wait()
        return Response(status_code=HTTPStatus.GONE)

    async with stage(gone, subscriber=True) as on:
        for _ in range(2):
            await on.ask()
        await on.until(lambda states: len(states) == 2)
        go_on.set()
        await on.until(lambda states: states == [DEAD, DEAD])
        log = (await on.operate("GET", "ops", "deliveries")).json()["deliveries"]
        assert len(on.receiver.requests) == 1
    assert [entry["attempts"][0]["error"] for entry in log] == ["disabled", "gone"]


def test_an_endpoint_with_another_url_is_another_receiver() -> None:
    now = ManualClock().now()
    ops = SubscriberConfig(name="ops", url="https://a.example", secrets=(SecretStr(SECRET),))
    gone = {"ops": GoneEndpoint(url=ops.url, at=now)}
    assert gone_at(ops, gone) == now
    assert gone_at(ops.model_copy(update={"url": "https://b.example"}), gone) is None
    assert gone_at(ops.model_copy(update={"name": "other"}), gone) is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ADMIN_PATH),
        ("GET", f"{ADMIN_PATH}/ops/deliveries"),
        ("POST", f"{ADMIN_PATH}/ops/test"),
        ("POST", f"{ADMIN_PATH}/ops/enable"),
    ],
)
async def test_callers_are_no_operators(method: str, path: str) -> None:
    async with stage(subscriber=True) as on:
        response = await on.client.request(method, path)
        assert response.status_code == HTTPStatus.FORBIDDEN
        async with httpx.AsyncClient(base_url=on.client.base_url) as stranger:
            response = await stranger.request(method, path)
            assert response.status_code == HTTPStatus.UNAUTHORIZED
        assert not on.receiver.requests
