"""Asks an issuer for its keys: OpenID Connect Discovery 1.0 §4, and the JWK Set it leads to
(https://openid.net/specs/openid-connect-discovery-1_0.html). Keeps nothing.
"""

import asyncio
import json
from typing import Any, Final

import httpx

from agent_host.authentication.jwt_key_set import KeySet, parse_key_set
from agent_host.authentication.jwt_policy import JwtPolicy, check_key_url
from agent_host.errors import AuthenticationUnavailableError, ConfigurationError

_DISCOVERY: Final = "/.well-known/openid-configuration"
_ANSWER_LIMIT_BYTES: Final = 256 * 1024
_TIME_LIMIT_SECONDS: Final = 10.0
_OK: Final = 200


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
                return parse_key_set(await self._get(url))
        except TimeoutError as error:
            raise self._unavailable("it does not answer in time") from error
        except httpx.HTTPError as error:
            raise self._unavailable(f"it cannot be reached: {type(error).__name__}") from error
        except (ValueError, ConfigurationError) as error:
            raise self._unavailable(str(error)) from error

    async def _discover(self) -> str:
        issuer = self._policy.issuer
        try:
            document: Any = json.loads(await self._get(issuer.rstrip("/") + _DISCOVERY))
            named, url = document["issuer"], document["jwks_uri"]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise ValueError("what it answers is no OpenID configuration") from None
        if named != issuer:
            raise ValueError("it calls itself by another name than `access.jwt.issuer`")
        if not isinstance(url, str):
            raise ValueError("what it answers is no OpenID configuration")  # noqa: TRY004
        check_key_url(url, "jwks_uri")
        return url

    async def _get(self, url: str) -> bytes:
        headers = {"accept": "application/json"}
        async with self._client.stream(
            "GET", url, headers=headers, follow_redirects=False
        ) as response:
            if response.status_code != _OK:
                raise ValueError(f"it answers with status {response.status_code}")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _ANSWER_LIMIT_BYTES:
                    raise ValueError(f"its answer has more than {_ANSWER_LIMIT_BYTES} bytes")
            return bytes(body)

    def _unavailable(self, reason: str) -> AuthenticationUnavailableError:
        message = f"no keys from the token issuer {self._policy.issuer} (`access.jwt`): {reason}"
        return AuthenticationUnavailableError(message)


__all__ = ["JwtIssuer"]
