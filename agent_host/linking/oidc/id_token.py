"""Verifies an ID token: OpenID Connect Core 1.0 §3.1.3.7
(https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation), RFC 8725.
"""

import hmac
from collections.abc import Mapping
from typing import Any, Final, cast

import jwt

from agent_host.jose.claim import ClaimError, check_times, subject_in, text_in
from agent_host.linking.oidc.client import OidcClient
from agent_host.linking.oidc.metadata import ProviderSource

TOKEN_LIMIT: Final = 64 * 1024

# What a token may get out of a JSON reader and of arithmetic.
_REFUSED: Final = (jwt.PyJWTError, ValueError, TypeError, RecursionError, ArithmeticError)


async def verify_id_token(
    token: str, client: OidcClient, source: ProviderSource, *, nonce: str, now: float
) -> Mapping[str, Any]:
    """Its claims. `now` is in seconds since 1970.

    Raises:
        ClaimError: it is not to be taken; the text is for the log.
        SignInUnavailableError: the provider's keys cannot be had.
    """
    if len(token) > TOKEN_LIMIT:
        raise ClaimError("it is too long")
    try:
        header = jwt.get_unverified_header(token)
    except _REFUSED as error:
        raise ClaimError("it is no token") from error
    algorithm: object = header.get("alg")
    kid: object = header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in client.algorithms:
        raise ClaimError("its algorithm is not allowed")
    if kid is not None and not isinstance(kid, str):
        raise ClaimError("its key id is no text")
    key = await source.find_key(kid, algorithm)
    if key is None:
        raise ClaimError("its issuer has no such key")
    try:
        claims = jwt.decode(
            token,
            key.key,
            algorithms=[algorithm],
            audience=client.client_id,
            issuer=client.issuer,
            options={
                "require": ["exp", "iat", "iss", "aud", "sub", "nonce"],
                # The times are compared with the host's own clock afterwards.
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "enforce_minimum_key_length": True,
            },
        )
    except _REFUSED as error:
        raise ClaimError(type(error).__name__) from error
    check_times(claims, now=now, leeway=client.leeway)
    subject_in(claims)
    _check_party(claims, client.client_id)
    if not hmac.compare_digest(text_in(claims, "nonce").encode(), nonce.encode()):
        raise ClaimError("its nonce is another sign-in's")
    return claims


def _check_party(claims: Mapping[str, Any], client_id: str) -> None:
    audience = claims["aud"]
    several = isinstance(audience, list) and len(cast("list[object]", audience)) > 1
    if "azp" not in claims and not several:
        return
    if claims.get("azp") != client_id:
        raise ClaimError("it was made for another party")


__all__ = ["TOKEN_LIMIT", "verify_id_token"]
