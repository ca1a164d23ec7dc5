"""Idempotency keys: which run a caller's key led to, and a fingerprint of what it asked.

Follows draft-ietf-httpapi-idempotency-key-header-07: the same key with another request is an
error, with the same request it is the same run.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple

from agent_host.codec import VersionedCodec
from agent_host.protocols.state_store import StateStore
from agent_host.quarantine import read_record
from agent_host.types.conversation_scope import is_room
from agent_host.types.identifier import IsolationKey, RunId
from agent_host.types.isolation import IsolationKeys
from agent_host.types.principal import Owner, Principal
from agent_host.types.request import Caller, ChannelRequest
from agent_host.types.run_policy import RunPolicy
from agent_host.types.store import ABSENT, Key, Put, Record

COLLECTION: Final = "idempotency"
INDEX: Final = "idempotency_index"
_SCOPE_LENGTH: Final = 2 * sha256().digest_size

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
    return digest_of(*parts)


def digest_of(*parts: str) -> str:
    """Parts as one, which no others make."""
    # A platform's id may hold a lone surrogate, which no store takes.
    joined = "".join(f"{len(part)}.{part}" for part in parts)
    return sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()


class Claim(NamedTuple):
    """A caller's key within its scope, and what was asked with it."""

    scope: str
    key: str
    fingerprint: str


class IdempotencyRecords:
    """Remembers keys for the run policy's retention. A scope does not say whose it is, so each key
    is listed under its owner too.
    """

    def __init__(self, store: StateStore, policy: RunPolicy) -> None:
        self._store = store
        self._retention = policy.retention

    def put(self, owner: Owner, run_id: RunId, claim: Claim) -> tuple[Put, Put]:
        """The writes that claim the key; they fail the commit if somebody was faster."""
        record = IdempotencyRecord(run_id=run_id, fingerprint=claim.fingerprint)
        place = Key(COLLECTION, claim.scope, claim.key)
        listed = Key(INDEX, owner.partition, claim.scope + claim.key)
        return (
            Put(place, CODEC.encode(record), ABSENT, self._retention),
            Put(listed, b"", None, self._retention),
        )

    async def get(self, scope: str, key: str) -> IdempotencyRecord | None:
        """What the key led to."""
        return await read_record(self._store, Key(COLLECTION, scope, key), read_idempotency)


def read_idempotency(record: Record) -> IdempotencyRecord:
    """What a record remembers.

    Raises:
        UnreadableRecordError: the record is damaged or of another version.
    """
    return CODEC.decode(record.value)


def claimed_key(listed: Key) -> Key:
    """Where the claim is that is listed here under its owner."""
    return Key(COLLECTION, listed.id[:_SCOPE_LENGTH], listed.id[_SCOPE_LENGTH:])


__all__ = [
    "COLLECTION",
    "INDEX",
    "Claim",
    "IdempotencyRecord",
    "IdempotencyRecords",
    "claimed_key",
    "digest_of",
    "fingerprint_of",
    "read_idempotency",
    "scope_of",
]
