"""What a JSON Web Token must be to be taken, and what its claims mean to the host. Pure values."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from agent_host.errors import ConfigurationError

KEY_TYPES: Final[Mapping[str, tuple[str, str | None]]] = MappingProxyType(
    {
        "RS256": ("RSA", None),
        "RS384": ("RSA", None),
        "RS512": ("RSA", None),
        "PS256": ("RSA", None),
        "PS384": ("RSA", None),
        "PS512": ("RSA", None),
        "ES256": ("EC", "P-256"),
        "ES384": ("EC", "P-384"),
        "ES512": ("EC", "P-521"),
        "EdDSA": ("OKP", "Ed25519"),
    }
)
"""The algorithms that can be allowed (RFC 7518 §3.1, RFC 8037), with the type and curve of their
keys. `none` and those with a shared secret are not among them and cannot be added.
"""

DEFAULT_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtPolicy:
    """The rules for the tokens of one issuer.

    `jwks_url` None asks the issuer (OpenID Connect Discovery 1.0). Of the token's own scopes, found
    in `scope_claims`, any of `call_scopes` gives the host's scope `call` (empty: every valid token
    has it), any of `admin_scopes` gives `admin`. `tenant_claim` names the claim with the tenant,
    which a token must then have. `shown_claims` are those that the target may read; they are stored
    with runs that wait. `leeway` is how far the two clocks may be apart.

    Raises:
        ConfigurationError: rules that would let anybody in, or nobody.
    """

    issuer: str
    audiences: tuple[str, ...]
    jwks_url: str | None = None
    algorithms: tuple[str, ...] = DEFAULT_ALGORITHMS
    leeway: timedelta = timedelta(seconds=60)
    scope_claims: tuple[str, ...] = ("scope", "scp")
    call_scopes: frozenset[str] = frozenset()
    admin_scopes: frozenset[str] = frozenset()
    tenant_claim: str | None = None
    required_claims: tuple[str, ...] = ()
    shown_claims: tuple[str, ...] = ()
    token_limit_bytes: int = 8 * 1024

    def __post_init__(self) -> None:
        if not self.audiences or "" in self.audiences:
            raise ConfigurationError(
                "`access.jwt.audience` is not set: tokens that the issuer made for others would be "
                "taken. Set it to the name under which this host is registered there."
            )
        foreign = sorted(set(self.algorithms) - set(KEY_TYPES))
        if foreign or not self.algorithms:
            raise ConfigurationError(
                f"`access.jwt.algorithms` takes {', '.join(KEY_TYPES)}; not {', '.join(foreign)}."
                if foreign
                else "`access.jwt.algorithms` is empty: no token could be good."
            )
        if self.jwks_url is None:
            check_key_url(self.issuer, "access.jwt.issuer")
        else:
            check_key_url(self.jwks_url, "access.jwt.jwks_url")


def check_key_url(url: str, setting: str) -> None:
    """Refuse to fetch keys over a connection on which others can put their own in their place.

    Raises:
        ConfigurationError: it is no https URL, nor http to this machine.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise ConfigurationError(f"`{setting}` is not a URL.") from None
    plain_but_here = parts.scheme == "http" and _is_loopback(host)
    if not host or parts.username is not None or not (parts.scheme == "https" or plain_but_here):
        raise ConfigurationError(
            f"`{setting}` must be an https URL without a user name; http is taken for this machine "
            "only."
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


__all__ = ["DEFAULT_ALGORITHMS", "KEY_TYPES", "JwtPolicy", "check_key_url"]
