"""From what the host gives to the wire. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus

from agent_host.errors import RunFailedError
from agent_host.types import (
    Acceptance,
    DeliveryAttempt,
    DeliveryStatus,
    HostedResult,
    JsonValue,
    Page,
    Question,
    RunStatus,
    SentDelivery,
)
from agent_host.wire.json_text import json_bytes
from agent_host_webhook.config import SubscriberConfig
from agent_host_webhook.event_type import TEST_EVENT, event_of
from agent_host_webhook.operator_book import GoneEndpoint, gone_at
from agent_host_webhook.schema import Accepted, Answered, Elsewhere, Ignored
from agent_host_webhook.subscription import Subscription


def from_acceptance(acceptance: Acceptance) -> tuple[bytes, int]:
    """202: it will be worked on, whatever happens to this process."""
    body = Accepted(id=acceptance.event_id, duplicate=acceptance.is_duplicate)
    return json_bytes(body), HTTPStatus.ACCEPTED


def from_ignored() -> tuple[bytes, int]:
    """200: it need not be sent again."""
    return json_bytes(Ignored(ignored=True)), HTTPStatus.OK


def from_result(hosted: HostedResult) -> tuple[bytes, int]:
    """200 with the answer; 202 with the run, where the answer goes elsewhere.

    Raises:
        RunFailedError: there is none: the run failed, was cancelled, or asks something that this
            sender has no way to answer.
    """
    run = hosted.run
    if hosted.is_elsewhere:
        left = Elsewhere(run_id=run.id, status=run.status.value)
        return json_bytes(left), HTTPStatus.ACCEPTED
    if run.status is RunStatus.COMPLETED and hosted.result is not None:
        body = Answered(run_id=run.id, output_text=hosted.result.text)
        return json_bytes(body), HTTPStatus.OK
    if run.failure is not None:
        raise RunFailedError(
            run.failure.message,
            code=run.failure.code,
            run_id=run.id,
            retryable=run.failure.retryable,
        )
    code = "rejected" if run.status is RunStatus.INPUT_REQUIRED else "cancelled"
    message = "The agent has a question, which this endpoint has no way to answer."
    if run.status is RunStatus.CANCELLED:
        message = "The run was cancelled."
    raise RunFailedError(message, code=code, run_id=run.id)


def to_body(hosted: HostedResult, *, at: datetime) -> bytes:
    """What an endpoint is sent of a run, in the form Standard Webhooks advises. Of one that asks,
    the questions too, with all that an answer has to fit.
    """
    run = hosted.run
    data: dict[str, JsonValue] = {
        "run_id": run.id,
        "session_id": run.session_id,
        "status": run.status.value,
        "channel": run.channel,
        "created_at": run.created_at.isoformat(),
    }
    if hosted.result is not None:
        data["output_text"] = hosted.result.text
        data["value"] = hosted.result.value
    if run.failure is not None:
        data["error"] = {"code": run.failure.code, "message": run.failure.message}
    if run.questions:
        data["questions"] = [_question(question) for question in run.questions]
    return _event(event_of(run.status), at, data)


def to_test_body(*, at: datetime) -> bytes:
    """An event that is about nothing."""
    return _event(TEST_EVENT, at, {})


def from_subscription(one: Subscription, *, with_secret: bool = False) -> bytes:
    """One endpoint of somebody's. Its secret is shown when it is new, and never again."""
    return json_bytes(_subscription(one, with_secret=with_secret))


def from_subscriptions(all_: Sequence[Subscription]) -> bytes:
    """All of somebody's endpoints."""
    return json_bytes({"endpoints": [_subscription(one, with_secret=False) for one in all_]})


def from_test(status: int) -> bytes:
    """What the receiver answered to a test event."""
    return json_bytes({"status": status})


def _subscription(one: Subscription, *, with_secret: bool) -> dict[str, JsonValue]:
    fields: dict[str, JsonValue] = {
        "id": one.id,
        "url": one.url,
        "events": list(one.events),
        "run_id": one.run_id,
        "created_at": one.created_at.isoformat(),
        "disabled_at": _time(one.disabled_at),
        "disabled_reason": one.disabled_reason,
    }
    if with_secret:
        fields["secret"] = one.secret
    return fields


def from_log(page: Page[SentDelivery]) -> bytes:
    """What was sent to one endpoint, and how each attempt ended; nothing of what it said."""
    shown: list[JsonValue] = [_sent(one) for one in page.items]
    return json_bytes({"deliveries": shown, "next_cursor": page.next_cursor})


def from_subscribers(
    subscribers: Sequence[SubscriberConfig], gone: Mapping[str, GoneEndpoint]
) -> bytes:
    """The endpoints of the configuration, for whoever operates the host."""
    return json_bytes({"endpoints": [_subscriber(one, gone) for one in subscribers]})


def from_subscriber(one: SubscriberConfig, gone: Mapping[str, GoneEndpoint]) -> bytes:
    """One of them."""
    return json_bytes(_subscriber(one, gone))


def _subscriber(one: SubscriberConfig, gone: Mapping[str, GoneEndpoint]) -> dict[str, JsonValue]:
    disabled_at = gone_at(one, gone)
    return {
        "id": one.name,
        "url": one.url,
        "events": list(one.events),
        "disabled_at": _time(disabled_at),
        "disabled_reason": None if disabled_at is None else "gone",
    }


def _sent(one: SentDelivery) -> dict[str, JsonValue]:
    delivery = one.delivery
    is_open = delivery.status in {DeliveryStatus.SCHEDULED, DeliveryStatus.FAILED}
    return {
        "id": delivery.id,
        "event": event_of(one.about),
        "run_id": delivery.run_id,
        "status": delivery.status.value,
        "created_at": delivery.created_at.isoformat(),
        "next_attempt_at": delivery.due_at.isoformat() if is_open else None,
        "over_at": _time(delivery.over_at),
        "attempts": [_attempt(attempt) for attempt in delivery.attempts],
    }


def _attempt(attempt: DeliveryAttempt) -> dict[str, JsonValue]:
    after = attempt.retry_after
    return {
        "number": attempt.number,
        "begun_at": attempt.begun_at.isoformat(),
        "ended_at": _time(attempt.ended_at),
        "error": attempt.error_code,
        "retry_after_seconds": None if after is None else after.total_seconds(),
    }


def _question(question: Question) -> JsonValue:
    return {
        "id": question.id,
        "kind": question.kind,
        "prompt": question.prompt,
        "schema": question.schema,
        "metadata": question.metadata,
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _event(kind: str, at: datetime, data: Mapping[str, JsonValue]) -> bytes:
    return json_bytes({"type": kind, "timestamp": at.isoformat(), "data": data})


__all__ = [
    "from_acceptance",
    "from_ignored",
    "from_log",
    "from_result",
    "from_subscriber",
    "from_subscribers",
    "from_subscription",
    "from_subscriptions",
    "from_test",
    "to_body",
    "to_test_body",
]
