"""From the claims of a token whose signature is good to a principal (RFC 7519 §4.1, RFC 9068 §2.2).

Pure: no keys, no clock of its own. Issuer and audience were checked with the signature.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from agent_host.authentication.jwt_policy import JwtPolicy
from agent_host.types.principal import ADMIN_SCOPE, CALL_SCOPE, Principal
from agent_host.types.proof import Proof

_SUBJECT_LIMIT: Final = 255  # OpenID Connect Core 1.0 §2
_OURS: Final = frozenset({ADMIN_SCOPE, CALL_SCOPE})


class ClaimError(ValueError):
    """The token is not to be taken. The text names a rule and no value, and is for the log."""


def to_proof(claims: Mapping[str, Any], policy: JwtPolicy, *, now: float) -> Proof:
    """Who the token is about, until it expires. `now` is in seconds since 1970.

    The principal's id is made of issuer and subject, the first with its length, so that no two
    issuers can name the same one.

    Raises:
        ClaimError: a claim is missing, malformed, or says that now is not its time.
    """
    leeway = policy.leeway.total_seconds()
    expires_at = _instant(claims, "exp")
    if expires_at is None:
        raise ClaimError("exp is missing")
    if now >= expires_at + leeway:
        raise ClaimError("it is expired")
    for name in ("nbf", "iat"):
        begins_at = _instant(claims, name)
        if begins_at is not None and begins_at > now + leeway:
            raise ClaimError(f"{name} is in the future")
    subject = _text(claims, "sub")
    if len(subject) > _SUBJECT_LIMIT:
        raise ClaimError("sub is too long")
    principal = Principal(
        id=f"{len(policy.issuer)}.{policy.issuer}.{subject}",
        kind="token",
        tenant=_text(claims, policy.tenant_claim) if policy.tenant_claim else "default",
        scopes=_host_scopes(frozenset(_token_scopes(claims, policy)), policy),
        claims={name: claims[name] for name in policy.shown_claims if name in claims},
    )
    return Proof(principal, expires_at=expires_at + leeway)


def _host_scopes(found: frozenset[str], policy: JwtPolicy) -> frozenset[str]:
    # An issuer's own `admin` means nothing here before the operator says so.
    scopes = set(found - _OURS)
    if not policy.call_scopes or found & policy.call_scopes:
        scopes.add(CALL_SCOPE)
    if found & policy.admin_scopes:
        scopes.add(ADMIN_SCOPE)
    return frozenset(scopes)


def _token_scopes(claims: Mapping[str, Any], policy: JwtPolicy) -> Iterator[str]:
    for name in policy.scope_claims:
        value = claims.get(name)
        if isinstance(value, str):
            yield from value.split()
        elif isinstance(value, list):
            yield from (one for one in cast("list[object]", value) if isinstance(one, str))


def _instant(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ClaimError(f"{name} is not a number")
    try:
        instant = float(value)
    except OverflowError:
        raise ClaimError(f"{name} is out of range") from None
    if not math.isfinite(instant):
        raise ClaimError(f"{name} is out of range")
    return instant


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise ClaimError(f"{name} is missing or not a text")
    return value


__all__ = ["ClaimError", "to_proof"]
