"""What a JSON Web Token must be to be taken, and what its claims mean to the host. Pure values."""

from dataclasses import dataclass
from datetime import timedelta

from agent_host.errors import ConfigurationError
from agent_host.jose.algorithm import DEFAULT_ALGORITHMS, check_algorithms
from agent_host.jose.endpoint import check_endpoint


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
        check_algorithms(self.algorithms, "access.jwt.algorithms")
        if self.jwks_url is None:
            check_endpoint(self.issuer, "access.jwt.issuer")
        else:
            check_endpoint(self.jwks_url, "access.jwt.jwks_url")


__all__ = ["JwtPolicy"]
