"""From what an operator sets about access to the authenticator that a host is built with."""

from pathlib import Path

from agent_host.authentication.anonymous import AnonymousAuthenticator
from agent_host.authentication.api_key_file import ApiKeyFile
from agent_host.authentication.api_key_verifier import ApiKeyVerifier
from agent_host.authentication.bearer import BearerAuthenticator
from agent_host.errors import ConfigurationError, MissingExtraError
from agent_host.protocols.authenticator import Authenticator
from agent_host.protocols.credential_verifier import CredentialVerifier
from agent_host.settings.access import AccessSettings, JwtSettings


def create_authenticator(
    settings: AccessSettings, keys_file: Path, *, insecure: bool = False
) -> Authenticator:
    """Whoever has to be asked; the one that admits anybody, if nothing says otherwise.

    `keys_file` is where keys are or would be, `insecure` is `server.insecure`.

    Raises:
        ConfigurationError: what is set contradicts itself, or leaves a door open.
        MissingExtraError: tokens are to be taken, and the extra for it is not installed.
    """
    file = ApiKeyFile(keys_file)
    verifiers: list[CredentialVerifier] = []
    if file.exists() if settings.api_keys is None else settings.api_keys:
        file.read()  # better now than once the server is up
        verifiers.append(ApiKeyVerifier(file))
    if settings.jwt.issuer is not None:
        verifiers.append(_create_jwt_verifier(settings.jwt, settings.jwt.issuer))
    elif settings.jwt.audience or settings.jwt.jwks_url:
        raise ConfigurationError(
            "`access.jwt` is set without `access.jwt.issuer` (AGENT_HOST_ACCESS__JWT__ISSUER), so "
            "that no token would be taken."
        )
    if not settings.anonymous_admin:
        return BearerAuthenticator(verifiers) if verifiers else AnonymousAuthenticator()
    if verifiers:
        raise ConfigurationError(
            "`access.anonymous_admin` is for hosts that ask for no proof; this one does. Remove it "
            "and give a key the scope: `agent-host keys create NAME --scope admin`."
        )
    if insecure:
        raise ConfigurationError(
            "`access.anonymous_admin` and `server.insecure` together would make everybody who "
            "reaches the port an administrator. Remove one of them."
        )
    return AnonymousAuthenticator(admin=True)


def _create_jwt_verifier(settings: JwtSettings, issuer: str) -> CredentialVerifier:
    try:
        # Loads the cryptography, which nobody pays for who takes no tokens.
        from agent_host.authentication.jwt_policy import JwtPolicy  # noqa: PLC0415
        from agent_host.authentication.jwt_verifier import JwtVerifier  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("jwt", "Taking tokens (`access.jwt`)") from error
    return JwtVerifier(
        JwtPolicy(
            issuer=issuer,
            audiences=tuple(settings.audience),
            jwks_url=settings.jwks_url,
            algorithms=tuple(settings.algorithms),
            leeway=settings.leeway,
            scope_claims=tuple(settings.scope_claims),
            call_scopes=frozenset(settings.call_scopes),
            admin_scopes=frozenset(settings.admin_scopes),
            tenant_claim=settings.tenant_claim,
            required_claims=tuple(settings.required_claims),
            shown_claims=tuple(settings.shown_claims),
            token_limit_bytes=settings.token_limit_bytes,
        )
    )


__all__ = ["create_authenticator"]
