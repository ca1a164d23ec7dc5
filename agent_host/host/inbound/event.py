"""What is stored of an event that was taken: its key, so that it is taken once, and its work."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from agent_host.codec import VersionedCodec
from agent_host.host.record.idempotency_record import digest_of
from agent_host.types.isolation import IsolationKeys
from agent_host.types.principal import Principal
from agent_host.types.request import Caller, ChannelRequest
from agent_host.types.store import ABSENT, Key, Put, Record

EVENT_KIND: Final = "event"
"""Tasks that make an event into a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundEvent:
    """The turn that an event is, as its channel understood it, and who the host knew was calling
    when it came. `id` is ours, and new.
    """

    id: str
    request: ChannelRequest
    principal: Principal | None = None
    isolation: IsolationKeys | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenEvent:
    """What is remembered of an event behind its work: that it was."""

    event_id: str


EVENT_CODEC = VersionedCodec("inbound_event", 1, InboundEvent)
_KEY_CODEC = VersionedCodec("event_key", 1, TakenEvent)


def key_of(caller: Caller, event_key: str) -> Key:
    """Where it is noted that the event was taken. A platform's ids are its account's own."""
    return Key("event_key", digest_of(caller.channel, caller.account), digest_of(event_key))


def put_key(key: Key, event: InboundEvent, *, remembered: timedelta) -> Put:
    """The write that notes it; it fails the commit if the event was taken before."""
    return Put(key, _KEY_CODEC.encode(TakenEvent(event_id=event.id)), ABSENT, remembered)


def read_taken(record: Record) -> TakenEvent:
    """What is remembered of an event.

    Raises:
        UnreadableRecordError: the record is damaged or of another version.
    """
    return _KEY_CODEC.decode(record.value)


def lane_of(caller: Caller) -> str:
    """Events of one conversation become runs in the order they were taken."""
    place = ("", "")
    if caller.conversation is not None:
        place = ("conversation", caller.conversation.id)
    elif caller.identity is not None:
        place = ("identity", caller.identity.native_id)
    return digest_of(caller.channel, caller.account, *place)


__all__ = [
    "EVENT_CODEC",
    "EVENT_KIND",
    "InboundEvent",
    "TakenEvent",
    "key_of",
    "lane_of",
    "put_key",
    "read_taken",
]
