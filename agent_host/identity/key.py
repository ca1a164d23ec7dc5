"""Natural keys: names of partitions that are computed from who somebody is.

They are the same in every process and release. Compared is text by its code points: case, accents
and look-alikes make different people.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

from agent_host.types.identifier import ISOLATION_PREFIX, IsolationKey
from agent_host.types.identity import HOST_MARK, LinkParty
from agent_host.types.principal import ChannelIdentity

PROOF_MARK: Final = f"{HOST_MARK}proof:"
"""Begins the `channel` of an identity at a provider, where nobody can talk to the agent."""

_DIGEST_BYTES: Final = 20


def derive_key(*parts: str) -> IsolationKey:
    """One key for each sequence of parts, never one for two."""
    text = "".join([f"{len(part)}:{part}" for part in parts])
    data = text.encode() if text.isascii() else _encoded(parts)  # the same for what is ASCII
    return IsolationKey(ISOLATION_PREFIX + blake2b(data, digest_size=_DIGEST_BYTES).hexdigest())


def _encoded(parts: Iterable[str]) -> bytes:
    # A platform's id may hold a lone surrogate; it must not collide with its replacement.
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    return b"".join([b"%d:%b" % (len(part), part) for part in encoded])


def identity_key(identity: ChannelIdentity) -> IsolationKey:
    """From tenant, channel, account and native id."""
    return derive_key(
        "identity", identity.tenant, identity.channel, identity.account, identity.native_id
    )


def proved_party(kind: str, *, issuer: str, subject: str, tenant: str) -> LinkParty:
    """Somebody as a provider knows them, to be linked to what a channel saw: whoever proves the
    same subject again, from anywhere, comes to the same person. `kind` is the linker's own word.
    """
    identity = ChannelIdentity(
        channel=PROOF_MARK + kind, account=issuer, native_id=subject, tenant=tenant
    )
    return LinkParty(identity=identity, natural_key=identity_key(identity))


def is_storable(identity: ChannelIdentity) -> bool:
    """Whether JSON can say it: a platform's id may hold a lone surrogate."""
    try:
        f"{identity.account}{identity.native_id}".encode()
    except UnicodeEncodeError:
        return False
    return True


__all__ = ["PROOF_MARK", "derive_key", "identity_key", "is_storable", "proved_party"]
