"""Deliveries on the wire of admin routes: what is shown of one, and what an operator sends.

Pure. Nothing that a person or an agent wrote is shown, and no address: a destination is its channel
and account, and whether it is a person or a conversation there.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from agent_host.errors import InvalidInputError
from agent_host.types.delivery import Delivery, DeliveryAttempt, Destination
from agent_host.types.identifier import ISOLATION_PREFIX, IsolationKey
from agent_host.types.json import JsonObject
from agent_host.types.message import Message
from agent_host.types.principal import ChannelIdentity, Conversation, Owner
from agent_host.types.response_target import ResponseTarget

_LONGEST: Final = timedelta(days=366)

Word: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
NativeId: TypeAlias = Annotated[str, Field(min_length=1, max_length=1024)]


class _Wire(BaseModel):
    # Built when the first message is sent: every start would wait for it otherwise.
    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True
    )


class IdentityBody(_Wire):
    """A person as a channel knows them."""

    channel: Word
    account: Word = "default"
    native_id: NativeId
    tenant: Word = "default"

    def to_identity(self) -> ChannelIdentity:
        """The same as the host has it."""
        return ChannelIdentity(**dict(self))


class ConversationBody(_Wire):
    """A conversation on a channel."""

    channel: Word
    account: Word = "default"
    id: NativeId
    kind: Literal["private", "group"] = "private"
    thread_id: NativeId | None = None

    def to_destination(self) -> Destination:
        """The same as the host has it."""
        where = Conversation(id=self.id, kind=self.kind, thread_id=self.thread_id)
        return Destination(channel=self.channel, account=self.account, conversation=where)


class ToPerson(_Wire):
    """A person, by the key that the host has for them, and where they are reached."""

    person: Annotated[str, Field(pattern=f"^{ISOLATION_PREFIX}[0-9A-Za-z_-]{{1,128}}$")]
    tenant: Word = "default"


class ToIdentity(_Wire):
    """A person, by one of their identities."""

    identity: IdentityBody


class ToConversation(_Wire):
    """Whoever reads a conversation."""

    conversation: ConversationBody


class TargetBody(_Wire):
    """Where a person is reached."""

    kind: Literal["active", "channels", "identities", "all_linked"]
    channels: Annotated[tuple[Word, ...], Field(max_length=64)] = ()
    identities: Annotated[tuple[IdentityBody, ...], Field(max_length=64)] = ()

    def to_target(self) -> ResponseTarget:
        """The same as the host has it.

        Raises:
            ValueError: names do not fit the kind.
        """
        return ResponseTarget(
            kind=self.kind,
            channels=self.channels,
            identities=tuple(identity.to_identity() for identity in self.identities),
        )


class DeliverBody(_Wire):
    """A message of text, to one of three, now or later."""

    text: Annotated[str, Field(min_length=1)]
    to: ToPerson | ToIdentity | ToConversation
    target: TargetBody | None = None
    at: AwareDatetime | None = None
    delay_seconds: Annotated[float, Field(ge=0, le=_LONGEST.total_seconds())] | None = None
    idempotency_key: Annotated[str, Field(min_length=1, max_length=256)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverOrder:
    """What an operator sends. `kind` is what it names, for the log."""

    message: Message
    to: Owner | ChannelIdentity | Destination
    kind: str
    target: ResponseTarget | None
    at: datetime | timedelta | None
    idempotency_key: str | None


_WRONG: Final = "The body is not as documented."


def to_order(raw: bytes) -> DeliverOrder:
    """The order in a body.

    Raises:
        InvalidInputError: it is not as documented; the problems name field and rule.
    """
    try:
        body = DeliverBody.model_validate_json(raw)
        target = None if body.target is None else body.target.to_target()
    except ValidationError as error:
        problems = tuple(
            (".".join(str(step) for step in found["loc"]) or "body", found["msg"])
            for found in error.errors(include_url=False, include_context=False, include_input=False)
        )
        raise InvalidInputError(_WRONG, problems) from None
    except ValueError as error:
        raise InvalidInputError(_WRONG, (("target", str(error)),)) from None
    delay = body.delay_seconds
    if body.at is not None and delay is not None:
        raise InvalidInputError(_WRONG, (("delay_seconds", "cannot be together with at"),))
    to: Owner | ChannelIdentity | Destination
    match body.to:
        case ToPerson(person=person, tenant=tenant):
            to, kind = Owner(tenant=tenant, isolation_key=IsolationKey(person)), "person"
        case ToIdentity(identity=identity):
            to, kind = identity.to_identity(), "identity"
        case ToConversation(conversation=conversation):
            to, kind = conversation.to_destination(), "conversation"
    return DeliverOrder(
        message=Message.assistant(body.text),
        to=to,
        kind=kind,
        target=target,
        at=body.at if delay is None else timedelta(seconds=delay),
        idempotency_key=body.idempotency_key,
    )


def delivery_json(delivery: Delivery) -> JsonObject:
    """A delivery with its attempts. `owner` is the opaque key of whose it is."""
    destination = delivery.destination
    last = delivery.attempts[-1] if delivery.attempts else None
    return {
        "id": delivery.id,
        "status": delivery.status.value,
        "run_id": delivery.run_id,
        "tenant": delivery.owner.tenant,
        "owner": delivery.owner.isolation_key,
        "channel": destination.channel,
        "account": destination.account,
        "to": "conversation" if destination.conversation is not None else "identity",
        "attempts_made": 0 if last is None else last.number,
        "replays": delivery.replays,
        "last_error": None if last is None else last.error_code,
        "created_at": delivery.created_at.isoformat(),
        "due_at": delivery.due_at.isoformat(),
        "over_at": None if delivery.over_at is None else delivery.over_at.isoformat(),
        "attempts": [_attempt_json(attempt) for attempt in delivery.attempts],
    }


def _attempt_json(attempt: DeliveryAttempt) -> JsonObject:
    after = attempt.retry_after
    return {
        "number": attempt.number,
        "of": "echo" if attempt.is_echo else "reply",
        "begun_at": attempt.begun_at.isoformat(),
        "ended_at": None if attempt.ended_at is None else attempt.ended_at.isoformat(),
        "platform_id": attempt.platform_id,
        "error_class": None if attempt.error_class is None else attempt.error_class.value,
        "error_code": attempt.error_code,
        "retry_after_seconds": None if after is None else after.total_seconds(),
    }


__all__ = [
    "ConversationBody",
    "DeliverBody",
    "DeliverOrder",
    "IdentityBody",
    "TargetBody",
    "ToConversation",
    "ToIdentity",
    "ToPerson",
    "delivery_json",
    "to_order",
]
