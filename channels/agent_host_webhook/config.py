"""The settings of the webhook channel. An endpoint without a secret cannot be configured."""

from datetime import timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from agent_host_webhook.event_type import EVENT_TYPES, EventType
from agent_host_webhook.expression import compile_expression

SECRET_LIMITS: Final = (16, 1024)

Secret = Annotated[SecretStr, Field(min_length=SECRET_LIMITS[0], max_length=SECRET_LIMITS[1])]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]


def _check_expression(text: str) -> str:
    compile_expression(text)
    return text


Expression = Annotated[str, Field(max_length=1000), AfterValidator(_check_expression)]
"""JMESPath (https://jmespath.org/specification.html): it reads values and can do nothing else."""


class HmacConfig(BaseModel):
    """How a sender of the scheme `hmac` signs: HMAC of the raw body, or, with a
    `timestamp_header`, of `<that header>.<raw body>`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    header: HeaderName = Field(description="The header that holds the signature.")
    prefix: str = Field(
        default="", max_length=32, description="What stands before it, `sha256=` for instance."
    )
    encoding: Literal["hex", "base64"] = Field(
        default="hex", description="How the signature is written."
    )
    algorithm: Literal["sha256", "sha512"] = Field(
        default="sha256", description="The hash that is used."
    )
    timestamp_header: HeaderName | None = Field(
        default=None, description="The header with the seconds since 1970 that are signed too."
    )


class MappingConfig(BaseModel):
    """What is taken out of an event's JSON, by JMESPath."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Expression = Field(
        default="text",
        description="What the agent is told. A value that is no text is given to it as JSON.",
    )
    identity: Expression | None = Field(
        default=None,
        description="Who it is from, by an id that never changes. Without it all events of an "
        "endpoint are one person's.",
    )
    conversation: Expression | None = Field(
        default=None, description="The conversation it belongs to; without it, the person's own."
    )
    key: Expression | None = Field(
        default=None,
        description="What tells the event from all others, the same each time it is sent.",
    )
    when: Expression | None = Field(
        default=None,
        description="Events for which this is false, empty or missing are acknowledged and left.",
    )


class EndpointConfig(BaseModel):
    """One address that events are posted to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$",
        description="Its last piece of path, and the account that its senders' ids belong to.",
    )
    scheme: Literal["standard", "github", "stripe", "hmac", "bearer"] = Field(
        default="standard",
        description="How the sender proves itself: Standard Webhooks, as GitHub or Stripe do, by "
        "an HMAC as `hmac` says, or by the secret as a bearer token.",
    )
    secrets: tuple[Secret, ...] = Field(
        min_length=1,
        max_length=2,
        description="The sender's secret, and while it is changed the one before.",
    )
    hmac: HmacConfig | None = Field(default=None, description="For the scheme `hmac`, and only it.")
    mapping: MappingConfig = Field(
        default=MappingConfig(), description="What is taken out of the event."
    )
    same_body_is_same_event: bool = Field(
        default=False,
        description="Two events with the same body are one: where an event has no id of its own.",
    )
    tolerance: timedelta = Field(
        default=timedelta(minutes=5),
        gt=timedelta(),
        le=timedelta(hours=1),
        description="How far the signed time may be from now.",
    )
    reply: Literal["later", "now"] = Field(
        default="later",
        description="`later`: the event is stored and acknowledged, and the agent works on it "
        "then. `now`: the sender waits, and the agent's answer is the response.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.scheme == "hmac") != (self.hmac is not None):
            message = "set `hmac` with the scheme 'hmac', and only with it"
            raise ValueError(message)
        if (
            self.scheme in {"hmac", "bearer"}
            and self.mapping.key is None
            and not self.same_body_is_same_event
        ):
            message = (
                f"with the scheme {self.scheme!r} nothing says which events are sent again: set "
                "`mapping.key`, or `same_body_is_same_event`"
            )
            raise ValueError(message)
        return self


class SubscriberConfig(BaseModel):
    """An endpoint of the operator's, which hears of everybody's runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", description="What its deliveries are known by."
    )
    url: str = Field(max_length=2048, description="Where events are sent to.")
    secrets: tuple[Secret, ...] = Field(
        min_length=1,
        max_length=2,
        description="What events are signed with; while it is changed, the new one and the old.",
    )
    events: tuple[EventType, ...] = Field(
        default=EVENT_TYPES, min_length=1, description="What it hears of."
    )


class WebhookConfig(BaseModel):
    """How the channel is mounted and what may be posted to it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        default="webhook",
        pattern=r"^[a-z][a-z0-9_]*$",
        description="The channel's name, unique within the host.",
    )
    path_prefix: str = Field(
        default="/webhooks",
        pattern=r"^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$",
        description="What stands before every endpoint's name.",
    )
    endpoints: tuple[EndpointConfig, ...] = Field(
        default=(), max_length=1000, description="Where events are posted to."
    )
    subscribers: tuple[SubscriberConfig, ...] = Field(
        default=(), max_length=16, description="Where events about all runs are sent to."
    )
    subscriptions: bool = Field(
        default=False, description="Whether callers may register endpoints for their own runs."
    )
    subscriptions_hear_starts: bool = Field(
        default=False,
        description="Whether those may hear of runs that begin. Every run then looks, as it "
        "begins, whether its caller has one that does.",
    )
    subscriptions_path: str = Field(
        default="/webhook-endpoints",
        pattern=r"^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$",
        description="Where they do that.",
    )
    subscriptions_limit: int = Field(
        default=16, ge=1, le=100, description="The most endpoints that one caller may have."
    )
    body_limit_bytes: int = Field(
        default=1024 * 1024, ge=1024, description="The most that one event may have."
    )
    nesting_limit: int = Field(
        default=64, ge=2, le=128, description="The most levels of arrays and objects in an event."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = [endpoint.name for endpoint in self.endpoints]
        if len(set(names)) < len(names):
            message = "two endpoints have one name"
            raise ValueError(message)
        names = [subscriber.name for subscriber in self.subscribers]
        if len(set(names)) < len(names):
            message = "two subscribers have one name"
            raise ValueError(message)
        return self


__all__ = [
    "EndpointConfig",
    "Expression",
    "HmacConfig",
    "MappingConfig",
    "SubscriberConfig",
    "WebhookConfig",
]
