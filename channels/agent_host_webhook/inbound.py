"""From an event to what the host is asked. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from agent_host.errors import InvalidInputError
from agent_host.types import (
    NONE,
    ORIGINATING,
    Caller,
    ChannelIdentity,
    ChannelRequest,
    Conversation,
    JsonValue,
    Message,
)
from agent_host.wire.json_text import json_text
from agent_host_webhook.config import EndpointConfig
from agent_host_webhook.event_type import STARTED
from agent_host_webhook.expression import find, is_true
from agent_host_webhook.schema import SubscriptionBody
from agent_host_webhook.subscription import Subscription
from agent_host_webhook.verify import Proof, body_digest

_ID_LIMIT: Final = 512
_STRIPE_ID: Final = "id"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent:
    """One event, and what tells it from all others of its endpoint."""

    key: str
    request: ChannelRequest


def to_event(
    endpoint: EndpointConfig, event: JsonValue, *, channel: str, proof: Proof, body: bytes
) -> WebhookEvent | None:
    """What the event asks; None if nothing is to be done about it.

    Raises:
        InvalidInputError: what the mapping names is not there, or is no id.
    """
    mapping = endpoint.mapping
    if mapping.when is not None and not is_true(find(mapping.when, event)):
        return None
    said = find(mapping.text, event)
    if said is None or said == "":
        raise InvalidInputError("The event has no text.", (("text", "nothing is there"),))
    native_id = endpoint.name
    if mapping.identity is not None:
        native_id = _id("identity", find(mapping.identity, event))
    conversation = None
    if mapping.conversation is not None:
        conversation = Conversation(id=_id("conversation", find(mapping.conversation, event)))
    identity = ChannelIdentity(channel=channel, account=endpoint.name, native_id=native_id)
    request = ChannelRequest(
        caller=Caller(
            channel=channel,
            account=endpoint.name,
            identity=identity,
            conversation=conversation,
        ),
        input=(Message.user(json_text(said)),),
        session=None if conversation is None else conversation.id,
        # Whoever wants to hear of it has subscribed: an event says not where answers go.
        response_target=ORIGINATING if endpoint.reply == "now" else NONE,
    )
    return WebhookEvent(key=_key(endpoint, event, proof, body), request=request)


def to_subscription(
    body: JsonValue, *, subscription_id: str, secret: str, now: datetime, hears_starts: bool
) -> Subscription:
    """The endpoint that a caller wants to register. `hears_starts`: it may hear of runs that begin.

    Raises:
        InvalidInputError: a member is missing, unknown, or not of its form.
    """
    try:
        wanted = SubscriptionBody.model_validate(body)
    except ValidationError as error:
        problems = tuple(
            (".".join(str(step) for step in detail["loc"]), detail["msg"])
            for detail in error.errors(include_url=False, include_input=False)
        )
        message = f"Not valid: {', '.join(field or 'the body' for field, _ in problems)}."
        raise InvalidInputError(message, problems) from None
    if STARTED in wanted.events and not hears_starts:
        problem = ("events", f"{STARTED} is not sent to endpoints of callers on this host")
        raise InvalidInputError("Not valid: events.", (problem,))
    return Subscription(
        id=subscription_id,
        url=wanted.url,
        secret=secret,
        created_at=now,
        events=tuple(dict.fromkeys(wanted.events)),
        run_id=wanted.run_id,
    )


def unparsed_key(endpoint: EndpointConfig, proof: Proof, body: bytes) -> str | None:
    """What tells the event from all others of its endpoint; None if only its content says it."""
    return None if _key_expression(endpoint) is not None else _outer_key(proof, body)


def _key(endpoint: EndpointConfig, event: JsonValue, proof: Proof, body: bytes) -> str:
    expression = _key_expression(endpoint)
    if expression is None:
        return _outer_key(proof, body)
    return f"key:{_id('key', find(expression, event))}"


def _outer_key(proof: Proof, body: bytes) -> str:
    return f"body:{body_digest(body)}" if proof.event_id is None else f"id:{proof.event_id}"


def _key_expression(endpoint: EndpointConfig) -> str | None:
    if endpoint.mapping.key is None and endpoint.scheme == "stripe":
        return _STRIPE_ID
    return endpoint.mapping.key


def _id(name: str, value: JsonValue) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= _ID_LIMIT:
        raise InvalidInputError(
            f"The event's {name} is not an id.", ((name, f"should be 1 to {_ID_LIMIT} characters"),)
        )
    return value


__all__ = ["WebhookEvent", "to_event", "to_subscription", "unparsed_key"]
