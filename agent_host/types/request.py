"""What a channel hands to the host: who asked what, where, with which wishes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.message import Message
from agent_host.types.principal import ChannelIdentity, Conversation
from agent_host.types.quick_init import quick_init
from agent_host.types.response_target import ORIGINATING, ResponseTarget
from agent_host.types.session import SessionMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who a channel saw and where. `identity` is None where an authenticator names the caller."""

    channel: str
    account: str = "default"
    operation: str = "invoke"
    identity: ChannelIdentity | None = None
    conversation: Conversation | None = None


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRequest:
    """One turn as its channel understood it.

    `input` is the new messages, oldest first. `session` is a server's session id (`ses_...`) or a
    name of the owner's own choosing; it is looked up under the owner, never used as a key.
    `options` are for the target (model, temperature); `attributes` are facts the channel noticed;
    `client_state`, `client_tools` and `forwarded_props` are what AG-UI and Responses clients send
    along; `metadata` is kept with the run. `stream` says the caller follows the events,
    `background` that it will not wait. `idempotency_key` is the caller's; the host scopes it.
    """

    caller: Caller
    input: tuple[Message, ...]
    session: str | None = None
    session_mode: SessionMode = SessionMode.AUTO
    options: JsonObject = field(default_factory=dict[str, JsonValue])
    attributes: JsonObject = field(default_factory=dict[str, JsonValue])
    client_state: JsonValue = None
    client_tools: Sequence[JsonObject] = ()
    forwarded_props: JsonValue = None
    metadata: JsonObject = field(default_factory=dict[str, JsonValue])
    stream: bool = False
    background: bool = False
    response_target: ResponseTarget = ORIGINATING
    idempotency_key: str | None = None


__all__ = ["Caller", "ChannelRequest"]
