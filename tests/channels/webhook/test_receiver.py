"""The table of the docs page, row by row, against a receiver that misbehaves on a real socket."""

from datetime import timedelta

import pytest
from pydantic import SecretStr

from agent_host import AgentHost
from agent_host.delivery.failure import PushFailure, failed
from agent_host.errors import PushErrorClass
from agent_host.outbound.guarded import GuardedOutbound
from agent_host.outbound.policy import OutboundPolicy, to_allowed
from agent_host.protocols.delivery import DeliveryOperator
from agent_host.system import SystemClock
from agent_host.types import (
    Caller,
    ChannelRequest,
    Delivery,
    DeliveryPolicy,
    DeliveryStatus,
    Message,
)
from agent_host_webhook import SubscriberConfig, WebhookChannel, WebhookConfig
from agent_host_webhook.push import SCHEDULE, WebhookPush
from tests.channels.webhook.hosting import SECRET
from tests.delivery.hosting import shout
from tests.delivery.test_failure import NOW, STORED
from tests.delivery.test_receiver import (
    Answer,
    Receiver,
    close_in_the_middle,
    drop,
    hang,
    served,
    status,
)
from tests.docs.page import Page
from tests.host.harness import acting_as
from tests.outbound.names import LOOPBACK, PUBLIC, guarded

SOON = (SCHEDULE[0], SCHEDULE[0] * 1.1)
ASKED = (timedelta(seconds=90), timedelta(seconds=90))


async def attempted(deliveries: DeliveryOperator) -> Delivery:
    """The one delivery, once its first attempt is over."""
    while True:
        for delivery in (await deliveries.list()).items:
            if delivery.status in {
                DeliveryStatus.ACCEPTED,
                DeliveryStatus.FAILED,
                DeliveryStatus.DEAD,
                DeliveryStatus.UNKNOWN,
            }:
                return delivery
        await SystemClock().sleep(0.002)


async def sent(url: str, outbound: GuardedOutbound | None = None) -> tuple[Delivery, bool]:
    """What became of the first attempt, and whether the endpoint is on."""
    one = SubscriberConfig(name="ops", url=url, secrets=(SecretStr(SECRET),))
    channel = WebhookChannel(WebhookConfig(subscribers=(one,)))
    assert channel.push is not None
    channel.push.time_limit = timedelta(milliseconds=300)
    allowed = OutboundPolicy(allow=frozenset({to_allowed(url.rstrip("/"))}))
    host = AgentHost(shout, channels=[channel], outbound=outbound or GuardedOutbound(allowed))
    async with host:
        with acting_as("alice"):
            request = ChannelRequest(caller=Caller(channel="test"), input=(Message.user("hi"),))
            await host.context.run(request)
        delivery = await attempted(host.deliveries)
        return delivery, not await channel.push.operator_book().gone()


@pytest.mark.parametrize(
    ("row", "answer", "error_class", "code", "wait"),
    [
        ("2xx", status(204), None, None, None),
        ("500", status(500), "transient", "http_500", SOON),
        ("any other 4xx", status(404), "transient", "http_404", SOON),
        ("429", status(429, "retry-after: 90\r\n"), "rate_limited", "http_429", ASKED),
        ("429", status(429, "retry-after: 1\r\n"), "rate_limited", "http_429", SOON),
        ("502", status(502, "retry-after: 90\r\n"), "rate_limited", "http_502", ASKED),
        ("503", status(503, "retry-after: 90\r\n"), "transient", "http_503", ASKED),
        ("3xx", status(302, "location: /elsewhere\r\n"), "transient", "http_302", SOON),
        ("410", status(410), "permanent", "gone", None),
        ("hangs", hang, "unknown_after_send", "outbound", SOON),
        ("drops the connection", drop, "unknown_after_send", "outbound", SOON),
        ("closes in the middle", close_in_the_middle, "unknown_after_send", "outbound", SOON),
    ],
)
async def test_the_table_is_what_happens(
    row: str,
    answer: Answer,
    error_class: str | None,
    code: str | None,
    wait: tuple[timedelta, timedelta] | None,
) -> None:
    receiver = Receiver(answer, header="webhook-id")
    async with served(receiver) as url:
        delivery, is_on = await sent(url)
    (attempt,) = delivery.attempts
    assert (attempt.error_class, attempt.error_code) == (error_class, code)
    assert receiver.keys == [delivery.id], "a redirect is not followed"
    (told,) = [cells for cells in table() if row in cells[0]]
    assert told[1] == ("" if code is None else f"`{'http_429' if row == '502' else code}`")
    assert told[2].startswith(f"`{delivery.status.value}`")
    assert is_on is ("disabled" not in told[2])
    if wait is not None:
        assert attempt.ended_at is not None
        assert wait[0] <= delivery.due_at - attempt.ended_at <= wait[1]


async def test_nobody_there_is_tried_again() -> None:
    async with served(Receiver(hang)) as url:
        pass
    delivery, is_on = await sent(url)
    assert is_on
    assert delivery.status is DeliveryStatus.FAILED
    assert delivery.attempts[0].error_class == "transient"


async def test_a_name_that_turns_inside_is_not_sent_to() -> None:
    outbound, _ = guarded([PUBLIC], [LOOPBACK])
    delivery, is_on = await sent("https://hooks.test/", outbound)
    (attempt,) = delivery.attempts
    (told,) = [cells for cells in table() if "not public" in cells[0]]
    assert told[1:] == [f"`{attempt.error_code}`", f"`{delivery.status.value}`"]
    assert is_on


def test_the_schedule_is_the_standards_and_then_it_is_dead() -> None:
    failure = PushFailure(error_class=PushErrorClass.TRANSIENT, error_code="http_500")
    hours = [timedelta(hours=one) for one in (2, 5, 10, 14, 20, 24)]
    published = [timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), *hours]
    for chance in (0.0, 1.0):
        stored, waits = STORED, list[timedelta]()
        while stored.status is not DeliveryStatus.DEAD:
            stored = failed(
                stored,
                failure,
                policy=DeliveryPolicy(attempts_limit=1),
                is_idempotent=True,
                now=NOW,
                chance=chance,
                schedule=WebhookPush.schedule,
            )
            waits.append(stored.delivery.due_at - NOW)
        assert waits[:-1] == [wait * (1 + chance / 10) for wait in published]
        assert stored.failures == len(published) + 1


def table() -> list[list[str]]:
    page = Page(path="docs/channels/webhook.md")
    return [[*cells] for cells in page.rows("What a receiver's answer means")]
