"""One app registration. Values."""

import re
from dataclasses import dataclass
from typing import Final

from pydantic import SecretStr

from agent_host.errors import ConfigurationError
from agent_host.jose.endpoint import check_endpoint

AUTHORITY: Final = "https://login.microsoftonline.com"
_ANY_DIRECTORY: Final = frozenset({"common", "organizations", "consumers"})
_TENANT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraRegistration:
    """A confidential client of one directory: with a secret, or with a certificate's private key
    (PEM) and its SHA-1 thumbprint. `authority` is another for a national cloud. `setting` is the
    table it came from.

    Raises:
        ConfigurationError: values that could not work, or that would let any directory in.
    """

    tenant_id: str
    client_id: str
    client_secret: SecretStr | None = None
    private_key: SecretStr | None = None
    thumbprint: str | None = None
    authority: str = AUTHORITY
    setting: str = "link.entra"

    def __post_init__(self) -> None:
        check_endpoint(self.authority, f"{self.setting}.authority")
        if self.tenant_id.lower() in _ANY_DIRECTORY or not _TENANT.fullmatch(self.tenant_id):
            raise ConfigurationError(
                f"`{self.setting}.tenant_id` must be the id of one directory: `common` and the "
                "like stand for any that there is, also for one that somebody made yesterday."
            )
        if not self.client_id:
            raise ConfigurationError(f"`{self.setting}.client_id` is not set.")
        if (self.client_secret is None) == (self.private_key is None):
            raise ConfigurationError(
                f"`{self.setting}` takes either `client_secret` or `private_key` with `thumbprint`."
            )
        if (self.private_key is None) != (self.thumbprint is None):
            raise ConfigurationError(
                f"`{self.setting}.private_key` and `{self.setting}.thumbprint` belong together."
            )

    @property
    def authority_url(self) -> str:
        """The directory's."""
        return f"{self.authority.rstrip('/')}/{self.tenant_id}"

    @property
    def issuer(self) -> str:
        """Of its tokens of version 2.0."""
        return f"{self.authority_url}/v2.0"

    @property
    def credential(self) -> str | dict[str, str | None]:
        """As MSAL takes it."""
        if self.private_key is not None:
            return {
                "private_key": self.private_key.get_secret_value(),
                "thumbprint": self.thumbprint,
            }
        return "" if self.client_secret is None else self.client_secret.get_secret_value()


__all__ = ["AUTHORITY", "EntraRegistration"]
