"""How identities can be linked, and for whom tokens are exchanged, as settings. Builds nothing."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, SecretStr

from agent_host.entra.registration import AUTHORITY
from agent_host.jose.algorithm import DEFAULT_ALGORITHMS
from agent_host.linking.code import CodeForm
from agent_host.settings.section import Section
from agent_host.settings.unit import Duration


class CodeLinkSettings(Section):
    """Links by a code that is shown on one channel and typed on another."""

    enabled: bool = Field(default=False, description="Whether there are such links.")
    form: CodeForm = Field(
        default=CodeForm.SHORT,
        description="`short`, for people to type: 8 characters; `long`, to be pasted: 26.",
    )
    lifetime: Duration = Field(
        default=timedelta(minutes=10), description="How long a code can be used."
    )


class OidcLinkSettings(Section):
    """A sign-in at one OpenID Connect provider, or at GitHub."""

    preset: Literal["google", "microsoft", "okta", "github"] | None = Field(
        default=None, description="Whose sign-in it is; None: the provider at `issuer`."
    )
    title: str | None = Field(default=None, min_length=1, description="What people call it.")
    issuer: str | None = Field(
        default=None, min_length=1, description="Its URL, exactly as its tokens name it."
    )
    tenant_id: str | None = Field(default=None, description="For microsoft: the directory's id.")
    domain: str | None = Field(default=None, description="For okta: the organisation's domain.")
    server: str | None = Field(
        default=None, description="For okta: the authorization server, if it is not the first."
    )
    client_id: str = Field(min_length=1, description="What the host is called there.")
    client_secret: SecretStr | None = Field(
        default=None, description="Its secret; without one it is a public client."
    )
    scopes: list[str] = Field(
        default_factory=lambda: ["openid", "email"], description="What is asked for."
    )
    claims: list[str] = Field(
        default_factory=list, description="Claims of the ID token that rules can ask for."
    )
    parameters: dict[str, str] = Field(
        default_factory=dict[str, str],
        description='More for the authorization request, such as {prompt = "select_account"}.',
    )
    algorithms: list[str] = Field(
        default_factory=lambda: [*DEFAULT_ALGORITHMS],
        description="The signature algorithms that are taken.",
    )


class EntraSettings(Section):
    """The host's registration with Microsoft Entra."""

    tenant_id: str | None = Field(
        default=None, min_length=1, description="The directory's id; with it, there is one."
    )
    client_id: str = Field(default="", description="The application's id.")
    client_secret: SecretStr | None = Field(default=None, description="Its secret, or else:")
    private_key_file: str | None = Field(
        default=None, min_length=1, description="The private key (PEM) of its certificate, and"
    )
    thumbprint: str | None = Field(default=None, description="that certificate's SHA-1 thumbprint.")
    authority: str = Field(default=AUTHORITY, description="Another for a national cloud.")


class EntraLinkSettings(EntraSettings):
    """A sign-in with Microsoft Entra, by MSAL. Needs the extra `entra`."""

    title: str = Field(default="Microsoft", min_length=1, description="What people call it.")
    scopes: list[str] = Field(
        default_factory=lambda: ["User.Read"], description="What is asked for."
    )
    claims: list[str] = Field(
        default_factory=lambda: ["oid", "tid", "groups"],
        description="Claims of the ID token that rules can ask for.",
    )
    group_overage: Literal["refuse", "fetch"] = Field(
        default="refuse",
        description=(
            "What is done about somebody in more groups than a token holds: `refuse` the link, or "
            "`fetch` them from Microsoft Graph, which needs `GroupMember.Read.All`."
        ),
    )


class LinkSettings(Section):
    """How two identities become one person."""

    public_url: str | None = Field(
        default=None,
        min_length=1,
        description=(
            "How browsers reach the host, for sign-ins: their redirect address is this and "
            "`/link/NAME/callback`. https, or http to this machine."
        ),
    )
    code: CodeLinkSettings = Field(
        default_factory=CodeLinkSettings,
        description="Links by a code that is shown on one channel and typed on another.",
    )
    oidc: dict[str, OidcLinkSettings] = Field(
        default_factory=dict[str, OidcLinkSettings],
        description=(
            "Sign-ins at OpenID Connect providers, a table each: `[link.oidc.google]` with "
            "`preset`, `client_id` and `client_secret`. Needs the extra `jwt`."
        ),
    )
    entra: EntraLinkSettings = Field(
        default_factory=EntraLinkSettings,
        description="A sign-in with Microsoft Entra, by MSAL. Needs the extra `entra`.",
    )


class OnBehalfOfSettings(EntraSettings):
    """Tokens for downstream services in the name of callers with a token."""

    kind: Literal["entra", "token_exchange"] | None = Field(
        default=None,
        description=(
            "`entra`: Microsoft Entra's flow, with `tenant_id`; `token_exchange`: RFC 8693, as "
            "Okta and others have it, with `token_endpoint`. None: no tokens are exchanged."
        ),
    )
    token_endpoint: str | None = Field(
        default=None, min_length=1, description="For token_exchange: where tokens are exchanged."
    )
    issuer: str | None = Field(
        default=None,
        min_length=1,
        description="For token_exchange: whose tokens may be sent there, if not those of "
        "`access.jwt.issuer`.",
    )
    audience: str | None = Field(
        default=None, min_length=1, description="For token_exchange: the downstream service."
    )
    resource: str | None = Field(
        default=None, min_length=1, description="For token_exchange: the downstream service's URL."
    )


__all__ = [
    "CodeLinkSettings",
    "EntraLinkSettings",
    "EntraSettings",
    "LinkSettings",
    "OidcLinkSettings",
    "OnBehalfOfSettings",
]
