"""What an operator is shown of people, as JSON: ids and times, no content and no claims."""

from datetime import datetime

from agent_host.types.identity import KnownIdentity
from agent_host.types.json import JsonObject
from agent_host.types.pairing import Pairing, PairingRequest
from agent_host.types.personal import ErasureReceipt, KnownPerson
from agent_host.types.principal import ChannelIdentity


def person_json(person: KnownPerson) -> JsonObject:
    """One of a list."""
    seen = [known.last_seen_at for known in person.identities if known.last_seen_at is not None]
    return {
        "tenant": person.owner.tenant,
        "key": person.owner.isolation_key,
        "identities": len(person.identities),
        "channels": ", ".join(sorted({known.identity.channel for known in person.identities})),
        "last_seen_at": _moment(max(seen, default=None)),
    }


def whole_person_json(person: KnownPerson) -> JsonObject:
    """A person with identities and partitions."""
    return {
        "tenant": person.owner.tenant,
        "key": person.owner.isolation_key,
        "identities": [_identity_json(known) for known in person.identities],
        "partitions": [*person.partitions],
    }


def receipt_json(receipt: ErasureReceipt) -> JsonObject:
    """A receipt."""
    return {
        "id": receipt.id,
        "started_at": _moment(receipt.started_at),
        "finished_at": _moment(receipt.finished_at),
        "erased": dict(receipt.erased),
    }


def pairing_request_json(request: PairingRequest) -> JsonObject:
    """Somebody who waits. The code is not known here: it is kept as a hash."""
    return {
        "id": request.id,
        **_native(request.identity),
        "requested_at": _moment(request.requested_at),
        "expires_at": _moment(request.expires_at),
    }


def pairing_json(pairing: Pairing) -> JsonObject:
    """Somebody who was let in or kept out."""
    return {
        "id": pairing.id,
        **_native(pairing.identity),
        "verdict": pairing.verdict.value,
        "decided_at": _moment(pairing.decided_at),
        "decided_by": pairing.decided_by,
    }


def _native(identity: ChannelIdentity) -> JsonObject:
    return {
        "tenant": identity.tenant,
        "channel": identity.channel,
        "account": identity.account,
        "native_id": identity.native_id,
    }


def _identity_json(known: KnownIdentity) -> JsonObject:
    identity = known.identity
    return {
        "key": known.natural_key,
        "channel": identity.channel,
        "account": identity.account,
        "native_id": identity.native_id,
        "linked_at": _moment(known.linked_at),
        "last_seen_at": _moment(known.last_seen_at),
        "claim_source": known.claim_source,
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


__all__ = [
    "pairing_json",
    "pairing_request_json",
    "person_json",
    "receipt_json",
    "whole_person_json",
]
