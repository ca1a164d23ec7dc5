"""What a provider says of itself, read once an hour, and its keys, read when one is not known."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import httpx

from agent_host.errors import ConfigurationError, SignInUnavailableError
from agent_host.jose.discovery import endpoint_in, fetch_body, fetch_configuration
from agent_host.jose.endpoint import check_endpoint
from agent_host.jose.key_set import KeySet, SigningKey, parse_key_set

T = TypeVar("T")

_FRESH_SECONDS: Final = 3600.0
_KEYS_FRESH_SECONDS: Final = 300.0
_ASK_AGAIN_SECONDS: Final = 10.0
_TIME_LIMIT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderMetadata:
    """OpenID Connect Discovery 1.0 §3, as far as it matters here. `names_itself`: every answer
    that it sends a browser back with says which provider it is (RFC 9207 §3).
    """

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    takes_basic: bool
    names_itself: bool


class ProviderSource:
    """Of one issuer, over one client."""

    def __init__(
        self,
        issuer: str,
        *,
        setting: str,
        client: httpx.AsyncClient,
        monotonic: Callable[[], float],
    ) -> None:
        self._issuer = issuer
        self._setting = setting
        self._client = client
        self._monotonic = monotonic
        self._metadata: ProviderMetadata | None = None
        self._keys = KeySet()
        self._read_at = self._keys_read_at = float("-inf")

    async def metadata(self) -> ProviderMetadata:
        """What it is.

        Raises:
            SignInUnavailableError: it cannot be reached, or what it says makes no sense.
        """
        metadata = self._metadata
        if metadata is None or self._monotonic() - self._read_at >= _FRESH_SECONDS:
            metadata = self._metadata = await self._asked(self._discover)
            self._read_at = self._monotonic()
        return metadata

    async def find_key(self, kid: str | None, algorithm: str) -> SigningKey | None:
        """Its key; None if it has no such key. Keys that are made up cannot make us ask without
        end.

        Raises:
            SignInUnavailableError: see `metadata`.
        """
        metadata = await self.metadata()
        age = self._monotonic() - self._keys_read_at
        found = self._keys.find(kid, algorithm)
        if age >= _KEYS_FRESH_SECONDS or (found is None and age >= _ASK_AGAIN_SECONDS):
            self._keys = await self._asked(lambda: self._fetch_keys(metadata.jwks_uri))
            self._keys_read_at = self._monotonic()
            found = self._keys.find(kid, algorithm)
        return found

    async def _asked(self, ask: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(_TIME_LIMIT_SECONDS):
                return await ask()
        except TimeoutError as error:
            raise self._unavailable("it does not answer in time") from error
        except httpx.HTTPError as error:
            raise self._unavailable(f"it cannot be reached: {type(error).__name__}") from error
        except (ValueError, ConfigurationError) as error:
            raise self._unavailable(str(error)) from error

    async def _discover(self) -> ProviderMetadata:
        found = await fetch_configuration(
            self._client, self._issuer, setting=f"{self._setting}.issuer"
        )
        endpoints = {
            name: endpoint_in(found, name)
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
        }
        for name, url in endpoints.items():
            check_endpoint(url, name)
        methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return ProviderMetadata(
            **endpoints,
            takes_basic="client_secret_basic" in methods if isinstance(methods, list) else True,
            names_itself=found.get("authorization_response_iss_parameter_supported") is True,
        )

    async def _fetch_keys(self, url: str) -> KeySet:
        return parse_key_set(await fetch_body(self._client, url))

    def _unavailable(self, reason: str) -> SignInUnavailableError:
        return SignInUnavailableError(f"no sign-in at {self._issuer} (`{self._setting}`): {reason}")


__all__ = ["ProviderMetadata", "ProviderSource"]
