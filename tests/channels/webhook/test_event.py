"""What endpoints hear of: runs that begin, ask, and end in each way; and who pays for it."""

from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import Any

import httpx
import pytest

from agent_host import AgentHost
from agent_host.errors import UnreadableRecordError
from agent_host.outbound.guarded import GuardedOutbound
from agent_host.protocols.delivery import RunStation
from agent_host.stores.memory import MemoryStateStore
from agent_host.types import (
    Answer,
    Caller,
    DeliveryStatus,
    InputRequired,
    Key,
    Question,
    QuestionId,
    Record,
    RunEvent,
    RunId,
    RunStatus,
    TextDelta,
    Turn,
)
from agent_host_rest import RestChannel
from agent_host_webhook import SubscriberConfig, WebhookChannel, WebhookConfig
from agent_host_webhook.push import WebhookPush
from agent_host_webhook.push_codec import WebhookCodec
from tests.channels.webhook.hosting import PATH, SECRET, HeaderAuthenticator, shout, stage
from tests.delivery.hosting import owner_of

AGE = Question(
    prompt="How old?", id=QuestionId("age"), schema={"type": "integer"}, metadata={"row": 7}
)
ALL = ["run.started", "run.input_required", "run.completed", "run.failed", "run.cancelled"]


async def ask(turn: Turn) -> AsyncGenerator[RunEvent, Answer]:
    answer = yield InputRequired(questions=(AGE,))
    yield TextDelta(text=f"{turn.text} is {answer.value}")


def types(bodies: list[dict[str, Any]]) -> list[str]:
    return [body["type"] for body in bodies]


async def test_a_question_is_told_with_what_is_needed_to_answer_it() -> None:
    async with stage(target=ask) as on:
        await on.register()
        await on.ask("Ada")
        (told,) = await on.arrived()
        assert told["type"] == "run.input_required"
        data = told["data"]
        assert data["status"] == "input_required"
        assert "output_text" not in data
        (question,) = data["questions"]
        assert question == {
            "id": "age",
            "kind": "input",
            "prompt": "How old?",
            "schema": {"type": "integer"},
            "metadata": {"row": 7},
        }

        answers = {"answers": {question["id"]: 36}}
        path = f"/invocations/{data['run_id']}/answer"
        assert (await on.client.post(path, json=answers)).is_success
        over = (await on.arrived(2))[-1]
    assert over["type"] == "run.completed"
    assert over["data"]["output_text"] == "Ada is 36"
    assert "questions" not in over["data"]
    first, second = (request.headers["webhook-id"] for request in on.receiver.requests)
    assert first != second


async def test_a_question_that_was_answered_before_it_was_sent_is_sent_as_it_was() -> None:
    async with stage(target=ask) as on:
        await on.register(events=["run.input_required"])
        asked = await on.ask("Ada")
        await on.client.post(f"/invocations/{asked['id']}/answer", json={"answer": 36})
        (told,) = await on.arrived()
    assert told["data"]["status"] == "input_required"
    assert told["data"]["questions"][0]["id"] == "age"


async def test_a_run_that_was_cancelled_is_told_of() -> None:
    async with stage(target=ask) as on:
        await on.register(events=["run.cancelled"])
        asked = await on.ask()
        await on.client.post(f"/invocations/{asked['id']}/cancel")
        (told,) = await on.arrived()
    assert told["type"] == "run.cancelled"
    assert told["data"]["status"] == "cancelled"


@pytest.mark.parametrize("background", [False, True])
async def test_a_start_is_told_where_it_was_asked_for(*, background: bool) -> None:
    async with stage(hear_starts=True) as on:
        await on.register(events=ALL)
        body = {"input": "hello", "background": background}
        await on.client.post("/invocations", json=body)
        told = await on.arrived(2)
    assert sorted(types(told)) == ["run.completed", "run.started"]
    started = next(body for body in told if body["type"] == "run.started")
    assert started["data"]["status"] == "running"
    assert len({request.headers["webhook-id"] for request in on.receiver.requests}) == 2


async def test_starts_are_for_those_who_ask_for_them() -> None:
    async with stage(hear_starts=True) as on:
        made = await on.register()
        assert made["events"] == ALL[1:]
        await on.ask()
        await on.arrived()
        await on.until(lambda states: states == [DeliveryStatus.ACCEPTED])
        assert types(on.receiver.bodies) == ["run.completed"]


async def test_starts_are_refused_where_the_operator_does_not_allow_them() -> None:
    async with stage() as on:
        wish = {"url": f"{on.receiver.url}/hook", "events": ["run.started"]}
        response = await on.client.post(PATH, json=wish)
    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "run.started" in response.text


@pytest.mark.parametrize("events", [("run.failed",), ("run.started", "run.failed")])
async def test_the_operators_endpoint_has_its_own_filter(events: tuple[str, ...]) -> None:
    async with stage(subscriber=True, events=events) as on:
        await on.ask("fine")
        await on.ask("fail")
        told = await on.arrived(2 * len(events) - 1)
        await on.until(lambda states: set(states) == {DeliveryStatus.ACCEPTED})
        assert len(on.receiver.requests) == len(told)
    assert set(types(told)) == set(events)


class CountingStore(MemoryStateStore):
    """Counts what is looked up of channels' records."""

    looked_up = 0

    async def get(self, key: Key) -> Record | None:
        self.looked_up += key.collection == "channel_record"
        return await super().get(key)


def config_of(*, hear_starts: bool = False, subscriptions: bool = True, ops: str = "") -> Any:
    """The settings of callers' endpoints, and of one of the operator's that hears of `ops`."""
    subscribers: tuple[SubscriberConfig, ...] = ()
    if ops:
        fields = {"name": "ops", "url": "https://93.184.215.14/", "secrets": [SECRET]}
        subscribers = (SubscriberConfig.model_validate({**fields, "events": [ops]}),)
    return WebhookConfig(
        subscriptions=subscriptions,
        subscriptions_hear_starts=hear_starts,
        subscribers=subscribers,
    )


@pytest.mark.parametrize(
    ("config", "hears_starts", "looks"),
    [
        (config_of(), False, 1),
        (config_of(hear_starts=True), True, 2),
        (config_of(hear_starts=True, subscriptions=False, ops="run.failed"), False, 0),
        (config_of(ops="run.failed"), False, 1),
    ],
)
async def test_a_start_that_nobody_may_hear_of_costs_nothing(
    config: WebhookConfig, looks: int, *, hears_starts: bool
) -> None:
    """Nobody has registered; a look is one for a person's endpoints, or for those that are gone."""
    assert WebhookPush(config).hears_starts is hears_starts
    store = CountingStore()
    host = AgentHost(
        shout,
        channels=[RestChannel(), WebhookChannel(config)],
        authenticator=HeaderAuthenticator(),
        outbound=OpenOutbound(),
        store=store,
    )
    transport = httpx.ASGITransport(host.app)
    headers = {"x-test-caller": "alice"}
    async with (
        host,
        httpx.AsyncClient(transport=transport, base_url="http://host", headers=headers) as client,
    ):
        store.looked_up = 0
        await client.post("/invocations", json={"input": "hello"})
        assert store.looked_up == looks


class OpenOutbound(GuardedOutbound):
    """Looks nothing up."""

    async def check(self, url: str) -> None:
        """It may be sent to."""


async def test_a_start_that_only_the_operator_hears_of_is_looked_up_for_nobody_else() -> None:
    store, config = CountingStore(), config_of(ops="run.started")
    channel = WebhookChannel(config)
    host = AgentHost(shout, channels=[channel], outbound=OpenOutbound(), store=store)
    station = RunStation(
        owner=await owner_of("alice"),
        run_id=RunId("run_1"),
        origin=Caller(channel="rest"),
        said=(),
        status=RunStatus.RUNNING,
    )
    async with host:
        assert channel.push is not None
        (place,) = await channel.push.subscribed(station)
    assert place.account == "operator"
    assert store.looked_up == 1, "whether that one is gone"


def test_what_an_earlier_version_kept_is_read_and_a_later_one_is_not() -> None:
    codec = WebhookCodec()
    kept = {
        "run_id": "run_1",
        "status": "completed",
        "channel": "rest",
        "created_at": "2026-01-01T00:00:00Z",
        "output_text": "hello",
    }
    found = codec.decode(kept, 1)
    assert found.result is not None
    assert (found.run.status, found.result.text) == (RunStatus.COMPLETED, "hello")
    with pytest.raises(UnreadableRecordError):
        codec.decode(kept, 3)
