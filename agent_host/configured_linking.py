"""From what an operator sets about links and downstream tokens to the parts a host is built with.

What is not set is not loaded.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from agent_host.errors import ConfigurationError, MissingExtraError
from agent_host.linking.code_linker import CodeLinker, CodePolicy
from agent_host.linking.option import LinkOptions
from agent_host.linking.web.web_linker import WebLinker, WebPolicy
from agent_host.protocols.linker import Linker
from agent_host.protocols.on_behalf_of import OnBehalfOf
from agent_host.settings.link import (
    EntraSettings,
    LinkSettings,
    OidcLinkSettings,
    OnBehalfOfSettings,
)

if TYPE_CHECKING:
    from agent_host.entra.registration import EntraRegistration
    from agent_host.linking.web.provider import SignInProvider

_TITLES: Final = {
    "google": "Google",
    "microsoft": "Microsoft",
    "okta": "Okta",
    "github": "GitHub",
}


def create_linking(settings: LinkSettings) -> LinkOptions:
    """The ways to link that are set.

    Raises:
        ConfigurationError: one could not work, or would let anybody in; the text names the setting.
        MissingExtraError: one needs what is not installed.
    """
    linkers: list[Linker] = []
    if settings.code.enabled:
        policy = CodePolicy(form=settings.code.form, lifetime=settings.code.lifetime)
        linkers.append(CodeLinker(policy))
    providers = [_oidc_provider(name, table) for name, table in settings.oidc.items()]
    if settings.entra.tenant_id is not None:
        providers.append(_entra_provider(settings))
    if providers:
        if settings.public_url is None:
            raise ConfigurationError(
                "`link.public_url` is not set, and sign-ins need it: how browsers reach this host."
            )
        policy_of_pages = WebPolicy(public_url=settings.public_url)
        linkers += [WebLinker(provider, policy_of_pages) for provider in providers]
    return LinkOptions(linkers=linkers)


def create_on_behalf_of(
    settings: OnBehalfOfSettings, *, caller_issuer: str | None
) -> OnBehalfOf | None:
    """What exchanges tokens, if anything does. `caller_issuer` is `access.jwt.issuer`.

    Raises:
        ConfigurationError: what is set could not work; the text names the setting.
        MissingExtraError: it needs what is not installed.
    """
    if settings.kind is None:
        return None
    if caller_issuer is None:
        raise ConfigurationError(
            "`on_behalf_of.kind` is set, and callers have no tokens: set `access.jwt` too."
        )
    from agent_host.identity.on_behalf_of.broker import TokenBroker  # noqa: PLC0415

    if settings.kind == "entra":
        registration = _registration(settings, "on_behalf_of")
        try:
            from agent_host.identity.on_behalf_of.entra import EntraExchange  # noqa: PLC0415
        except ImportError as error:
            raise MissingExtraError("entra", "Exchanging tokens (`on_behalf_of`)") from error
        return TokenBroker(EntraExchange(registration))
    try:
        from agent_host.identity.on_behalf_of.token_exchange import (  # noqa: PLC0415
            TokenExchange,
            TokenExchangeClient,
        )
    except ImportError as error:
        raise MissingExtraError("jwt", "Exchanging tokens (`on_behalf_of`)") from error
    if settings.token_endpoint is None:
        raise ConfigurationError("`on_behalf_of.token_endpoint` is not set.")
    client = TokenExchangeClient(
        issuer=settings.issuer or caller_issuer,
        token_endpoint=settings.token_endpoint,
        client_id=settings.client_id,
        client_secret=settings.client_secret or SecretStr(""),
        audience=settings.audience,
        resource=settings.resource,
    )
    return TokenBroker(TokenExchange(client))


def _oidc_provider(name: str, settings: OidcLinkSettings) -> "SignInProvider":
    try:
        from agent_host.linking.oidc.client import OidcClient  # noqa: PLC0415
        from agent_host.linking.oidc.github import GitHubClient, GitHubProvider  # noqa: PLC0415
        from agent_host.linking.oidc.provider import OidcProvider  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("jwt", f"A sign-in (`link.oidc.{name}`)") from error
    title = settings.title or _TITLES.get(settings.preset or "", name)
    if settings.preset == "github":
        if settings.client_secret is None:
            raise ConfigurationError(f"`link.oidc.{name}.client_secret` is not set.")
        return GitHubProvider(
            GitHubClient(
                client_id=settings.client_id,
                client_secret=settings.client_secret,
                name=name,
                title=title,
            )
        )
    client = OidcClient(
        name=name,
        title=title,
        issuer=_issuer(name, settings),
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        scopes=tuple(settings.scopes),
        claims=tuple(settings.claims),
        parameters=settings.parameters,
        algorithms=tuple(settings.algorithms),
    )
    return OidcProvider(client)


def _issuer(name: str, settings: OidcLinkSettings) -> str:
    from agent_host.linking.oidc.client import (  # noqa: PLC0415 - see the top
        google_issuer,
        microsoft_issuer,
        okta_issuer,
    )

    if settings.preset == "google":
        return google_issuer()
    if settings.preset == "microsoft":
        return microsoft_issuer(settings.tenant_id or "")
    if settings.preset == "okta":
        if not settings.domain:
            raise ConfigurationError(f"`link.oidc.{name}.domain` is not set.")
        return okta_issuer(settings.domain, server=settings.server)
    if settings.issuer is None:
        raise ConfigurationError(f"`link.oidc.{name}` needs a `preset` or an `issuer`.")
    return settings.issuer


def _entra_provider(settings: LinkSettings) -> "SignInProvider":
    table = settings.entra
    registration = _registration(table, "link.entra")
    try:
        from agent_host.linking.entra.provider import (  # noqa: PLC0415 - see the top
            EntraOptions,
            EntraProvider,
            GroupOverage,
        )
    except ImportError as error:
        raise MissingExtraError("entra", "A sign-in with Entra (`link.entra`)") from error
    options = EntraOptions(
        title=table.title,
        claims=tuple(table.claims),
        scopes=tuple(table.scopes),
        overage=GroupOverage(table.group_overage),
    )
    return EntraProvider(registration, options)


def _registration(settings: EntraSettings, where: str) -> "EntraRegistration":
    from agent_host.entra.registration import EntraRegistration  # noqa: PLC0415 - see the top

    private_key = None
    if settings.private_key_file is not None:
        try:
            pem = Path(settings.private_key_file).expanduser().read_text("ascii")
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"`{where}.private_key_file` cannot be read: {type(error).__name__}."
            ) from error
        private_key = SecretStr(pem)
    return EntraRegistration(
        tenant_id=settings.tenant_id or "",
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        private_key=private_key,
        thumbprint=settings.thumbprint,
        authority=settings.authority,
        setting=where,
    )


__all__ = ["create_linking", "create_on_behalf_of"]
