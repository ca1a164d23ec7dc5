"""From the claims of a token whose signature is good to a principal (RFC 7519 §4.1, RFC 9068 §2.2).

Pure: no keys, no clock of its own. Issuer and audience were checked with the signature.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from agent_host.authentication.jwt_policy import JwtPolicy
from agent_host.jose.claim import check_times, subject_in, text_in
from agent_host.types.principal import ADMIN_SCOPE, CALL_SCOPE, Principal, subject_id
from agent_host.types.proof import Proof

_OURS: Final = frozenset({ADMIN_SCOPE, CALL_SCOPE})


def to_proof(claims: Mapping[str, Any], policy: JwtPolicy, *, now: float) -> Proof:
    """Who the token is about, until it expires. `now` is in seconds since 1970.

    The principal's id is made of issuer and subject, the first with its length, so that no two
    issuers can name the same one.

    Raises:
        ClaimError: a claim is missing, malformed, or says that now is not its time.
    """
    expires_at = check_times(claims, now=now, leeway=policy.leeway)
    subject = subject_in(claims)
    principal = Principal(
        id=subject_id(policy.issuer, subject),
        kind="token",
        tenant=text_in(claims, policy.tenant_claim) if policy.tenant_claim else "default",
        scopes=_host_scopes(frozenset(_token_scopes(claims, policy)), policy),
        claims={name: claims[name] for name in policy.shown_claims if name in claims},
    )
    return Proof(principal, expires_at=expires_at + policy.leeway.total_seconds())


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


__all__ = ["to_proof"]
