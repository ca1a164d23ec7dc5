"""From what the host gives to the wire. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus

from agent_host.errors import RunFailedError
from agent_host.types import Acceptance, HostedResult, JsonValue, RunStatus
from agent_host.wire.json_text import json_bytes
from agent_host_webhook.event_type import TEST_EVENT, EventType
from agent_host_webhook.schema import Accepted, Answered, Ignored
from agent_host_webhook.subscription import Subscription


def from_acceptance(acceptance: Acceptance) -> tuple[bytes, int]:
    """202: it will be worked on, whatever happens to this process."""
    body = Accepted(id=acceptance.event_id, duplicate=acceptance.is_duplicate)
    return json_bytes(body), HTTPStatus.ACCEPTED


def from_ignored() -> tuple[bytes, int]:
    """200: it need not be sent again."""
    return json_bytes(Ignored(ignored=True)), HTTPStatus.OK


def from_result(hosted: HostedResult) -> tuple[bytes, int]:
    """200 with the answer.

    Raises:
        RunFailedError: there is none: the run failed, was cancelled, or asks something that this
            sender has no way to answer.
    """
    run = hosted.run
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
    """What an endpoint is sent of a run that is over, in the form Standard Webhooks advises."""
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
    event: EventType = "run.completed" if run.status is RunStatus.COMPLETED else "run.failed"
    return _event(event, at, data)


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
        "disabled_at": None if one.disabled_at is None else one.disabled_at.isoformat(),
    }
    if with_secret:
        fields["secret"] = one.secret
    return fields


def _event(kind: str, at: datetime, data: Mapping[str, JsonValue]) -> bytes:
    return json_bytes({"type": kind, "timestamp": at.isoformat(), "data": data})


__all__ = [
    "from_acceptance",
    "from_ignored",
    "from_result",
    "from_subscription",
    "from_subscriptions",
    "from_test",
    "to_body",
    "to_test_body",
]
