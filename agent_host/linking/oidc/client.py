"""What the host is at one provider, and what it takes from there. Values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from pydantic import SecretStr

from agent_host.errors import ConfigurationError
from agent_host.jose.algorithm import DEFAULT_ALGORITHMS, check_algorithms
from agent_host.jose.endpoint import check_endpoint

OPEN_ID: Final = "openid"


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcClient:
    """One registration at one provider.

    `issuer` is exactly what its tokens name. `claims` are those of the ID token that are recorded
    with a link, of which `email` only where the provider has verified it; they prove nothing by
    themselves, as issuer and subject do. A client without a secret is a public one.

    Raises:
        ConfigurationError: values with which nobody could sign in, or anybody.
    """

    name: str
    title: str
    issuer: str
    client_id: str
    client_secret: SecretStr | None = None
    scopes: tuple[str, ...] = (OPEN_ID, "email")
    claims: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    algorithms: tuple[str, ...] = DEFAULT_ALGORITHMS
    leeway: timedelta = timedelta(seconds=60)

    def __post_init__(self) -> None:
        setting = f"link.oidc.{self.name}"
        check_endpoint(self.issuer, f"{setting}.issuer")
        check_algorithms(self.algorithms, f"{setting}.algorithms")
        if not self.client_id:
            raise ConfigurationError(f"`{setting}.client_id` is not set.")
        if OPEN_ID not in self.scopes:
            raise ConfigurationError(f"`{setting}.scopes` lacks `{OPEN_ID}`: nothing is proved.")


def google_issuer() -> str:
    """Of everybody with a Google account."""
    return "https://accounts.google.com"


def microsoft_issuer(tenant_id: str) -> str:
    """Of one directory.

    Raises:
        ConfigurationError: it is none: `common` and the like stand for any directory there is, also
            for one that somebody made yesterday.
    """
    if tenant_id.lower() in {"", "common", "organizations", "consumers"}:
        raise ConfigurationError("A Microsoft sign-in needs the id of one directory (`tenant_id`).")
    return f"https://login.microsoftonline.com/{tenant_id}/v2.0"


def okta_issuer(domain: str, *, server: str | None = None) -> str:
    """Of an organisation, or of one of its authorization servers."""
    return f"https://{domain}" if server is None else f"https://{domain}/oauth2/{server}"


__all__ = ["OPEN_ID", "OidcClient", "google_issuer", "microsoft_issuer", "okta_issuer"]
