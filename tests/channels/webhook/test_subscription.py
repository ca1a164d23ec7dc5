"""Endpoints that people register: signed events about their own runs, tried again, switched off."""

import asyncio
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from standardwebhooks.webhooks import Webhook

from agent_host import AgentHost
from agent_host.errors import ConfigurationError
from agent_host.testing.manual_clock import ManualClock
from agent_host.types import DeliveryStatus
from agent_host_webhook import SubscriberConfig, WebhookChannel, WebhookConfig
from agent_host_webhook.outbound import to_test_body
from agent_host_webhook.sign import new_secret, sign
from agent_host_webhook.subscription import Subscription
from tests.channels.a2a.receiver import answering
from tests.channels.webhook.hosting import PATH, SECRET, shout, stage


async def test_whoever_registered_hears_of_their_run() -> None:
    async with stage() as on:
        made = await on.register()
        answer = await on.ask()
        (body,) = await on.arrived()
        request = on.receiver.requests[0]
        await on.until(lambda states: states == [DeliveryStatus.ACCEPTED])

    assert answer["output_text"] == "HELLO", "whoever waits still gets the answer"
    assert body["type"] == "run.completed"
    assert body["data"]["output_text"] == "HELLO"
    assert body["data"]["run_id"] == answer["id"]
    assert request.headers["webhook-id"].startswith("dlv_")
    assert made["secret"].startswith("whsec_")


async def test_what_is_sent_is_signed_as_the_library_of_the_standard_checks_it() -> None:

    now = datetime.now(UTC)
    body = to_test_body(at=now)
    first, second = new_secret(), new_secret()
    headers = dict(sign(body, event_id="evt_1", at=now, keys=[first, second]))
    for secret in (
        first,
        second,
    ):
        assert Webhook(secret).verify(body, headers) is not None


async def test_others_do_not_hear_of_it() -> None:
    async with stage() as on:
        await on.register()
        await on.ask("private", **{"x-test-caller": "bob"})
        await on.ask("mine")
        (body,) = await on.arrived()
        assert body["data"]["output_text"] == "MINE"
        assert len(await on.until(lambda states: len(states) > 0)) == 1


async def test_a_failed_run_is_told_of_too_and_events_can_be_chosen() -> None:
    async with stage() as on:
        await on.register(events=["run.failed"])
        await on.ask("fine")
        await on.ask("fail")
        (body,) = await on.arrived()
    assert body["type"] == "run.failed"
    assert body["data"]["error"]["message"] == "I cannot."


async def test_an_endpoint_can_be_for_one_run_that_is_ones_own() -> None:
    go_on = asyncio.Event()

    async def wait(text: str) -> str:
        if text == "slow":
            await go_on.wait()
        return text.upper()

    async with stage(target=wait) as on:
        body = {"input": "slow", "background": True}
        run_id = (await on.client.post("/invocations", json=body)).json()["token"]
        wish = {"url": f"{on.receiver.url}/one", "run_id": run_id}
        theirs = await on.client.post(PATH, json=wish, headers={"x-test-caller": "bob"})
        missing = await on.client.post(PATH, json={**wish, "run_id": "run_made_up"})
        assert theirs.status_code == missing.status_code == HTTPStatus.NOT_FOUND
        assert theirs.content == missing.content

        await on.register(run_id=run_id)
        await on.ask("another")
        go_on.set()
        (told,) = await on.arrived()
    assert told["data"]["run_id"] == run_id


async def test_what_is_not_taken_is_tried_again_with_the_same_id() -> None:
    async with stage(answering(503), answering(204)) as on:
        await on.register()
        await on.ask()
        await on.arrived()
        (state,) = await on.until(lambda states: states == [DeliveryStatus.FAILED])
        (delivery,) = (await on.host.deliveries.list()).items
        wait = delivery.due_at - (delivery.attempts[-1].ended_at or delivery.due_at)
    assert state is DeliveryStatus.FAILED
    assert delivery.attempts[-1].error_code == "http_503"
    assert timedelta(seconds=5) <= wait <= timedelta(seconds=5.6)


async def test_the_receivers_wish_to_wait_is_granted() -> None:
    async with stage(answering(429, retry_after="100")) as on:
        await on.register()
        await on.ask()
        await on.until(lambda states: states == [DeliveryStatus.FAILED])
        (delivery,) = (await on.host.deliveries.list()).items
        wait = delivery.due_at - (delivery.attempts[-1].ended_at or delivery.due_at)
    assert wait >= timedelta(seconds=100)


async def test_a_receiver_that_is_gone_is_not_sent_to_any_more() -> None:
    async with stage(answering(410)) as on:
        made = await on.register()
        await on.ask()
        await on.until(lambda states: states == [DeliveryStatus.DEAD])
        shown = (await on.client.get(f"{PATH}/{made['id']}")).json()
        assert datetime.fromisoformat(shown["disabled_at"]) <= datetime.now(UTC)
        assert shown["disabled_reason"] == "gone"
        await on.ask("again")
        assert await on.until(bool) == [DeliveryStatus.DEAD]

        enabled = (await on.client.post(f"{PATH}/{made['id']}/enable")).json()
        assert enabled["disabled_at"] is enabled["disabled_reason"] is None
        await on.ask("now")
        assert (await on.arrived(2))[-1]["data"]["output_text"] == "NOW"


async def test_an_endpoint_is_managed_by_its_owner_only() -> None:
    async with stage() as on:
        made = await on.register()
        mine = f"{PATH}/{made['id']}"
        listed = (await on.client.get(PATH)).json()["endpoints"]
        assert [one["id"] for one in listed] == [made["id"]]
        assert "secret" not in listed[0]

        calls = [("GET", ""), ("DELETE", "")]
        calls += [("POST", f"/{verb}") for verb in ("rotate", "disable", "enable", "test")]
        calls += [("GET", "/deliveries")]
        for method, verb in calls:
            foreign = await on.client.request(method, mine + verb, headers={"x-test-caller": "bob"})
            missing = await on.client.request(method, f"{PATH}/whe_made_up{verb}")
            assert foreign.status_code == missing.status_code == HTTPStatus.NOT_FOUND
            assert foreign.content == missing.content

        assert (await on.client.delete(mine)).status_code == HTTPStatus.NO_CONTENT
        assert (await on.client.get(PATH)).json() == {"endpoints": []}


async def test_a_secret_is_changed_while_the_old_one_still_signs() -> None:
    async with stage() as on:
        made = await on.register()
        rotated = (await on.client.post(f"{PATH}/{made['id']}/rotate")).json()
        assert rotated["secret"] != made["secret"]
        tested = await on.client.post(f"{PATH}/{made['id']}/test")
        assert tested.json() == {"status": HTTPStatus.NO_CONTENT}
        (request,) = on.receiver.requests
    assert request.body["type"] == "webhook.test"
    assert len(request.headers["webhook-signature"].split()) == 2


async def test_the_old_secret_ends_a_day_later() -> None:

    clock = ManualClock()
    one = Subscription(id="whe_1", url="https://x", secret="old", created_at=clock.now())
    changed = one.rotated("new", clock.now())
    assert changed.live_secrets(clock.now()) == ("new", "old")
    assert changed.live_secrets(clock.now() + timedelta(hours=24)) == ("new",)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, HTTPStatus.UNPROCESSABLE_ENTITY),
        ({"url": "https://example.com", "secret": "mine"}, HTTPStatus.UNPROCESSABLE_ENTITY),
        ({"url": "https://example.com", "events": ["run.seen"]}, HTTPStatus.UNPROCESSABLE_ENTITY),
        ({"url": "http://169.254.169.254/latest"}, HTTPStatus.BAD_REQUEST),
        ({"url": "https://localhost/x"}, HTTPStatus.BAD_REQUEST),
    ],
)
async def test_what_cannot_be_an_endpoint_is_refused(
    body: dict[str, Any], status: HTTPStatus
) -> None:
    async with stage() as on:
        response = await on.client.post(PATH, json=body)
        assert response.status_code == status, response.text
        assert (await on.client.get(PATH)).json() == {"endpoints": []}


async def test_there_may_be_so_many_and_no_more() -> None:
    async with stage() as on:
        for _ in range(3):
            await on.register()
        more = await on.client.post(PATH, json={"url": f"{on.receiver.url}/hook"})
    assert more.status_code == HTTPStatus.BAD_REQUEST
    assert "3" in more.json()["detail"]


async def test_the_operators_endpoint_hears_of_everybody() -> None:
    async with stage(subscriber=True) as on:
        await on.ask("one")
        await on.ask("two", **{"x-test-caller": "bob"})
        bodies = await on.arrived(2)
    assert sorted(body["data"]["output_text"] for body in bodies) == ["ONE", "TWO"]
    assert {request.path for request in on.receiver.requests} == {"/ops"}


async def test_an_operators_endpoint_that_may_not_be_sent_to_stops_the_start() -> None:
    one = SubscriberConfig(name="ops", url="http://169.254.169.254/", secrets=(SecretStr(SECRET),))
    host = AgentHost(shout, channels=[WebhookChannel(WebhookConfig(subscribers=(one,)))])
    with pytest.raises(ConfigurationError, match="ops"):
        async with host:
            pass


def test_two_subscribers_of_one_name_are_refused() -> None:
    one = SubscriberConfig(name="ops", url="https://x", secrets=(SecretStr(SECRET),))
    with pytest.raises(ValidationError, match="one name"):
        WebhookConfig(subscribers=(one, one))
