"""Idempotency keys: which run a caller's key led to, and a fingerprint of what it asked.

Follows draft-ietf-httpapi-idempotency-key-header-07: the same key with another request is an
error, with the same request it is the same run.
"""

from dataclasses import dataclass
from hashlib import sha256

from agent_host.codec import VersionedCodec
from agent_host.protocols.state_store import StateStore
from agent_host.types.conversation_scope import is_room
from agent_host.types.identifier import IsolationKey, RunId
from agent_host.types.isolation import IsolationKeys
from agent_host.types.principal import Principal
from agent_host.types.request import Caller, ChannelRequest
from agent_host.types.run_policy import RunPolicy
from agent_host.types.store import ABSENT, Key, Put

REQUEST_CODEC = VersionedCodec("channel_request", 1, ChannelRequest)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyRecord:
    """What is remembered of a key."""

    run_id: RunId
    fingerprint: str


CODEC = VersionedCodec("idempotency", 1, IdempotencyRecord)


def fingerprint_of(request: ChannelRequest) -> str:
    """A digest of all that the caller asked."""
    return sha256(REQUEST_CODEC.encode(request)).hexdigest()


def scope_of(
    caller: Caller, principal: Principal | None, isolation: IsolationKeys | None = None
) -> str:
    """The partition of a caller's keys, so that nobody's keys meet another's."""
    who: tuple[str, ...]
    if caller.identity is not None:
        who = ("identity", caller.identity.tenant, caller.identity.native_id)
    elif principal is not None:
        who = (principal.kind, principal.tenant, principal.id)
    else:
        who = ("nobody",)
    parts = (caller.channel, caller.account, *who)
    if caller.conversation is not None and is_room(caller.conversation):
        parts = (*parts, "room", caller.conversation.id)
    if isolation is not None:
        parts = (*parts, isolation.within(IsolationKey("")))
    # A platform's id may hold a lone surrogate.
    joined = "".join(f"{len(part)}.{part}" for part in parts)
    return sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()


class IdempotencyRecords:
    """Remembers keys for the run policy's retention."""

    def __init__(self, store: StateStore, policy: RunPolicy) -> None:
        self._store = store
        self._retention = policy.retention

    def put(self, scope: str, key: str, record: IdempotencyRecord) -> Put:
        """The write that claims the key; it fails the commit if somebody was faster."""
        return Put(Key("idempotency", scope, key), CODEC.encode(record), ABSENT, self._retention)

    async def get(self, scope: str, key: str) -> IdempotencyRecord | None:
        """What the key led to."""
        record = await self._store.get(Key("idempotency", scope, key))
        return None if record is None else CODEC.decode(record.value)


__all__ = ["IdempotencyRecord", "IdempotencyRecords", "fingerprint_of", "scope_of"]
