"""Sign-in at GitHub: OAuth 2 without OpenID Connect, so that who it is has to be asked
(https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps).
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

import httpx
from pydantic import SecretStr

from agent_host.errors import ConfigurationError, SignInError
from agent_host.jose.endpoint import check_endpoint
from agent_host.linking.oidc.answer import code_in
from agent_host.linking.oidc.provider import TIMEOUT_SECONDS
from agent_host.linking.oidc.token_request import ask_json, text_member
from agent_host.linking.web.browser import challenge_of
from agent_host.linking.web.provider import ProvedSubject, SignIn, SignInStart
from agent_host.types.json import JsonObject

_API_VERSION: Final = "2022-11-28"


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubClient:
    """One OAuth app. `url` and `api_url` are others for GitHub Enterprise Server.

    Raises:
        ConfigurationError: values with which nobody could sign in.
    """

    client_id: str
    client_secret: SecretStr
    name: str = "github"
    title: str = "GitHub"
    url: str = "https://github.com"
    api_url: str = "https://api.github.com"

    def __post_init__(self) -> None:
        setting = f"link.oidc.{self.name}"
        check_endpoint(self.url, f"{setting}.issuer")
        check_endpoint(self.api_url, f"{setting}.api_url")
        if not self.client_id:
            raise ConfigurationError(f"`{setting}.client_id` is not set.")


class GitHubProvider:
    """The `SignInProvider` of GitHub. The numeric id is the subject: names there change hands. The
    access token is used for one question and forgotten.
    """

    def __init__(self, client: GitHubClient, *, http: httpx.AsyncClient | None = None) -> None:
        self._client = client
        self._given_http = http
        self._http: httpx.AsyncClient | None = None

    @property
    def name(self) -> str:
        """The linker's."""
        return self._client.name

    @property
    def title(self) -> str:
        """What people call it."""
        return self._client.title

    @property
    def issuer(self) -> str:
        """Its address."""
        return self._client.url

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """Open a client."""
        self._http = self._given_http or httpx.AsyncClient(timeout=TIMEOUT_SECONDS)
        try:
            yield
        finally:
            http, self._http = self._http, None
            if self._given_http is None:
                await http.aclose()

    async def begin(self, sign_in: SignIn) -> SignInStart:
        """The authorization request; no scope, as who somebody is can be read without one."""
        wish = {
            "client_id": self._client.client_id,
            "redirect_uri": sign_in.redirect_uri,
            "state": sign_in.state,
            "code_challenge": challenge_of(sign_in.verifier),
            "code_challenge_method": "S256",
            "allow_signup": "false",
        }
        url = f"{self._client.url}/login/oauth/authorize?{urlencode(wish)}"
        return SignInStart(url=url, kept={})

    async def complete(
        self, sign_in: SignIn, *, kept: JsonObject, answer: Mapping[str, str]
    ) -> ProvedSubject:
        """Exchange the code and ask whose it is."""
        del kept
        if self._http is None:
            message = "the provider is not open"
            raise RuntimeError(message)
        tokens = await ask_json(
            self._http,
            "POST",
            f"{self._client.url}/login/oauth/access_token",
            headers={},
            fields={
                "client_id": self._client.client_id,
                "client_secret": self._client.client_secret.get_secret_value(),
                "code": code_in(answer, issuer=self.issuer),
                "redirect_uri": sign_in.redirect_uri,
                "code_verifier": sign_in.verifier,
            },
        )
        user = await ask_json(
            self._http,
            "GET",
            f"{self._client.api_url}/user",
            headers={
                "authorization": f"Bearer {text_member(tokens, 'access_token')}",
                "x-github-api-version": _API_VERSION,
            },
        )
        number = user.get("id")
        if type(number) is not int or number <= 0:
            raise SignInError("malformed_answer")
        return ProvedSubject(
            issuer=self.issuer,
            subject=str(number),
            shown_as=text_member(user, "login"),
            claims={},
        )


__all__ = ["GitHubClient", "GitHubProvider"]
