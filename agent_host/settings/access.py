"""Who may talk to the host, as settings. Reads no file and builds nothing."""

from datetime import timedelta

from pydantic import Field

from agent_host.settings.section import Section
from agent_host.settings.unit import Grace, Size


class JwtSettings(Section):
    """Tokens of one issuer, as OpenID Connect and OAuth 2.0 servers make them."""

    issuer: str | None = Field(
        default=None,
        min_length=1,
        description=(
            "The issuer's URL, exactly as its tokens name it; with it, tokens are taken. Its keys "
            "are found by OpenID Connect Discovery. Needs the extra `jwt`."
        ),
    )
    audience: list[str] = Field(
        default_factory=list,
        description="The names this host has at the issuer; a token must be for one. Required.",
    )
    jwks_url: str | None = Field(
        default=None,
        description="Where the issuer's keys are, for an issuer without discovery.",
    )
    algorithms: list[str] = Field(
        default_factory=lambda: ["RS256", "PS256", "ES256", "EdDSA"],
        description="The signature algorithms that are taken; none with a shared secret can be.",
    )
    leeway: Grace = Field(
        default=timedelta(seconds=60),
        description="How far the issuer's clock may be from this one.",
    )
    scope_claims: list[str] = Field(
        default_factory=lambda: ["scope", "scp"],
        description="The claims that hold a token's scopes: a list, or words in a text.",
    )
    call_scopes: list[str] = Field(
        default_factory=list,
        description="A token needs one of these to call; without any, every valid token may.",
    )
    admin_scopes: list[str] = Field(
        default_factory=list,
        description="A token with one of these is an administrator's; without any, none is.",
    )
    tenant_claim: str | None = Field(
        default=None,
        min_length=1,
        description="The claim with the tenant, which every token must then have.",
    )
    required_claims: list[str] = Field(
        default_factory=list, description="Claims that a token must have besides."
    )
    shown_claims: list[str] = Field(
        default_factory=list,
        description="Claims that the target may read; they are stored with runs that wait.",
    )
    token_limit_bytes: Size = Field(
        default=8 * 1024, description="A longer token is refused unread."
    )


class AccessSettings(Section):
    """Who may talk to the host."""

    api_keys: bool | None = Field(
        default=None,
        description=(
            "Take API keys, and nobody without a proof. Without a value: if `access.keys_file` is "
            "there. Set it to true where strangers must never get in because a file is missing."
        ),
    )
    keys_file: str | None = Field(
        default=None,
        min_length=1,
        description=(
            "Where API keys are kept, seen from the working directory; `agent-host keys create` "
            "makes it. Without a value: `keys.json` in the store's folder, or in `.agent-host` if "
            "the store has none. Changes count within two seconds."
        ),
    )
    anonymous_admin: bool = Field(
        default=False,
        description=(
            "Where nobody has to prove who they are: let everybody administer as well. On loopback "
            "only."
        ),
    )
    operator_door: bool = Field(
        default=True,
        description=(
            "With a store in a folder: let whoever owns the folder administer the running host, "
            "over loopback (`agent-host runs`, `tasks`, `links` and `pair`)."
        ),
    )
    jwt: JwtSettings = Field(
        default_factory=JwtSettings,
        description="Tokens of one issuer, as OpenID Connect and OAuth 2.0 servers make them.",
    )


__all__ = ["AccessSettings", "JwtSettings"]
