"""Asks an issuer for its keys: by discovery, or where the policy says they are. Keeps nothing."""

import asyncio
from typing import Final

import httpx

from agent_host.authentication.jwt_policy import JwtPolicy
from agent_host.errors import AuthenticationUnavailableError, ConfigurationError
from agent_host.jose.discovery import endpoint_in, fetch_body, fetch_configuration
from agent_host.jose.endpoint import check_endpoint
from agent_host.jose.key_set import KeySet, parse_key_set

_TIME_LIMIT_SECONDS: Final = 10.0


class JwtIssuer:
    """One issuer, over one client. Redirects are not followed."""

    def __init__(self, policy: JwtPolicy, client: httpx.AsyncClient) -> None:
        self._policy = policy
        self._client = client

    async def fetch_keys(self) -> KeySet:
        """The keys that it signs with now.

        Raises:
            AuthenticationUnavailableError: it cannot be reached, or what it says makes no sense.
        """
        try:
            async with asyncio.timeout(_TIME_LIMIT_SECONDS):
                url = self._policy.jwks_url or await self._discover()
                return parse_key_set(await fetch_body(self._client, url))
        except TimeoutError as error:
            raise self._unavailable("it does not answer in time") from error
        except httpx.HTTPError as error:
            raise self._unavailable(f"it cannot be reached: {type(error).__name__}") from error
        except (ValueError, ConfigurationError) as error:
            raise self._unavailable(str(error)) from error

    async def _discover(self) -> str:
        configuration = await fetch_configuration(
            self._client, self._policy.issuer, setting="access.jwt.issuer"
        )
        url = endpoint_in(configuration, "jwks_uri")
        check_endpoint(url, "jwks_uri")
        return url

    def _unavailable(self, reason: str) -> AuthenticationUnavailableError:
        message = f"no keys from the token issuer {self._policy.issuer} (`access.jwt`): {reason}"
        return AuthenticationUnavailableError(message)


__all__ = ["JwtIssuer"]
