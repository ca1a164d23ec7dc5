"""Who acts, and in which partition of storage."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from agent_host.types.identifier import IsolationKey
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.quick_init import quick_init

CALL_SCOPE: Final = "call"
"""Talk to the target and see what is one's own: what `caller` routes ask for."""

ADMIN_SCOPE: Final = "admin"
"""Operate the host: what `admin` routes ask for. It does not include `call`."""

_CALLER: Final = frozenset({CALL_SCOPE})

PrincipalKind: TypeAlias = Literal["anonymous", "api_key", "token", "channel", "operator"]


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose a record is. An isolation key partitions storage; it never proves who somebody is."""

    tenant: str
    isolation_key: IsolationKey

    @property
    def partition(self) -> str:
        """One string for both, length-prefixed so that no two owners share it."""
        return _partition(self.tenant, self.isolation_key)


@lru_cache(maxsize=4096)
def _partition(tenant: str, isolation_key: str) -> str:
    # Stores keep it with every record: so they keep one string, and not one for each record.
    return f"{len(tenant)}.{tenant}.{isolation_key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who an authenticator says is calling. Scopes and claims come from the verifier only; one that
    knows no scopes names callers.

    `isolation_key` is set where the verifier knows it; otherwise the identity resolver issues one
    from (`tenant`, `kind`, `id`).
    """

    id: str
    kind: PrincipalKind
    tenant: str = "default"
    scopes: frozenset[str] = _CALLER
    claims: JsonObject = field(default_factory=dict[str, JsonValue])
    isolation_key: IsolationKey | None = None


def subject_id(issuer: str, subject: str) -> str:
    """A principal's id, of the kind `token`: the issuer with its length, so that no two issuers can
    name the same one.
    """
    return f"{len(issuer)}.{issuer}.{subject}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelIdentity:
    """Who a channel saw: immutable platform ids only, never a user name or display name.

    `account` is the bot or installation that saw the person, so that one native id seen by two
    accounts stays two identities until somebody links them.
    """

    channel: str
    account: str
    native_id: str
    tenant: str = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Where something was said. Authority here never widens authority elsewhere."""

    id: str
    kind: Literal["private", "group"] = "private"
    thread_id: str | None = None


__all__ = [
    "ADMIN_SCOPE",
    "CALL_SCOPE",
    "ChannelIdentity",
    "Conversation",
    "Owner",
    "Principal",
    "PrincipalKind",
    "subject_id",
]
