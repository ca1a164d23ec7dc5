"""A side of a link, as it is stored, named, and shown to the other side."""

from collections.abc import Mapping
from typing import Final, cast

from agent_host.linking.code import fast_digest
from agent_host.types.identifier import IsolationKey
from agent_host.types.identity import HOST_MARK, LinkParty
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.principal import ChannelIdentity

_SHOWN: Final = 4
_SHORT: Final = 8
_TEXT_LIMIT: Final = 80


def to_json(party: LinkParty) -> JsonObject:
    """The stored form."""
    identity = party.identity
    return {
        "channel": identity.channel,
        "account": identity.account,
        "native_id": identity.native_id,
        "tenant": identity.tenant,
        "natural_key": party.natural_key,
        "verified_claims": party.verified_claims,
        "claim_source": party.claim_source,
    }


def from_json(value: JsonValue) -> LinkParty:
    """Read back what `to_json` made."""
    fields = cast("Mapping[str, JsonValue]", value)
    source = fields["claim_source"]
    return LinkParty(
        identity=ChannelIdentity(
            channel=str(fields["channel"]),
            account=str(fields["account"]),
            native_id=str(fields["native_id"]),
            tenant=str(fields["tenant"]),
        ),
        natural_key=IsolationKey(str(fields["natural_key"])),
        verified_claims=cast("JsonObject", fields["verified_claims"]),
        claim_source=None if source is None else str(source),
    )


def name_of(identity: ChannelIdentity) -> str:
    """A name for a record about this identity, which tells nothing of it."""
    return fast_digest(identity.tenant, identity.channel, identity.account, identity.native_id)


def shown(identity: ChannelIdentity) -> str:
    """What the other side reads: enough for the owner to know it, too little to call it by.

    A native id can be a telephone number, so that its last characters have to do.
    """
    end = identity.native_id[-_SHOWN:] if len(identity.native_id) > _SHORT else ""
    account = "" if identity.account in {"", "default"} else f" ({plain(identity.account)})"
    return f"{identity.channel.removeprefix(HOST_MARK)}{account}, id …{plain(end)}"


def plain(text: str) -> str:
    """One line of visible characters: what a provider or a platform says must not forge more."""
    visible = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    return visible[:_TEXT_LIMIT]


__all__ = ["from_json", "name_of", "plain", "shown", "to_json"]
