"""The table of the docs page, row by row, against a receiver that misbehaves on a real socket."""

from datetime import timedelta

import pytest
from pydantic import SecretStr

from agent_host import AgentHost
from agent_host.outbound.guarded import GuardedOutbound
from agent_host.outbound.policy import OutboundPolicy, to_allowed
from agent_host.protocols.delivery import DeliveryOperator
from agent_host.system import SystemClock
from agent_host.types import (
    Caller,
    ChannelRequest,
    Delivery,
    DeliveryStatus,
    Message,
)
from agent_host_webhook import SubscriberConfig, WebhookChannel, WebhookConfig
from agent_host_webhook.push import SCHEDULE
from tests.channels.webhook.hosting import SECRET
from tests.delivery.hosting import shout
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


async def sent(url: str) -> tuple[Delivery, bool]:
    """What became of the first attempt, and whether the endpoint is on."""
    one = SubscriberConfig(name="ops", url=url, secrets=(SecretStr(SECRET),))
    channel = WebhookChannel(WebhookConfig(subscribers=(one,)))
    assert channel.push is not None
    channel.push.time_limit = timedelta(milliseconds=300)
    allowed = OutboundPolicy(allow=frozenset({to_allowed(url.rstrip("/"))}))
    host = AgentHost(shout, channels=[channel], outbound=GuardedOutbound(allowed))
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
    assert told[1] == ("" if code is None else f"`{code}`")
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


def table() -> list[list[str]]:
    page = Page(path="docs/channels/webhook.md")
    return [[*cells] for cells in page.rows("What a receiver's answer means")]
