"""Sign-in with Microsoft Entra: MSAL's authorization code flow, as a confidential client.

MSAL has the conversation with Entra. It no longer verifies the ID token, so that this is done here
as for any other provider.
"""

import hashlib
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import httpx

from agent_host.entra.msal_client import Application, MsalClient
from agent_host.entra.registration import EntraRegistration
from agent_host.errors import SignInError, SignInUnavailableError
from agent_host.jose.claim import ClaimError
from agent_host.linking.entra.group import GRAPH, are_left_out, fetch_groups
from agent_host.linking.oidc.answer import code_in
from agent_host.linking.oidc.claim import recorded, shown_as
from agent_host.linking.oidc.client import OidcClient
from agent_host.linking.oidc.id_token import verify_id_token
from agent_host.linking.oidc.metadata import ProviderSource
from agent_host.linking.oidc.provider import TIMEOUT_SECONDS
from agent_host.linking.oidc.token_request import text_member
from agent_host.linking.web.provider import ProvedSubject, SignIn, SignInStart
from agent_host.protocols.clock import Clock
from agent_host.system import SystemClock
from agent_host.types.json import JsonObject

NAME: Final = "entra"
_GROUPS: Final = "groups"
_FORM: Final = "form_post"

_logger = logging.getLogger(__name__)


class GroupOverage(StrEnum):
    """What is done about somebody with more groups than a token holds: `refuse` the link, as rules
    made of groups could not be kept, or `fetch` them from Microsoft Graph, for which the app needs
    the delegated permission `GroupMember.Read.All`.
    """

    REFUSE = "refuse"
    FETCH = "fetch"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraOptions:
    """`claims` are recorded with a link: `oid` is the person's id in all apps of the directory, and
    `groups` need the optional claim of that name in the registration.
    """

    title: str = "Microsoft"
    claims: tuple[str, ...] = ("oid", "tid", _GROUPS)
    scopes: tuple[str, ...] = ("User.Read",)
    overage: GroupOverage = GroupOverage.REFUSE
    graph: str = GRAPH


class EntraProvider:
    """The `SignInProvider` of one directory. `msal_http` and `http` are for those who go through a
    proxy: a session as `requests` has, for MSAL, and a client for keys and groups.
    """

    def __init__(
        self,
        registration: EntraRegistration,
        options: EntraOptions | None = None,
        *,
        msal_http: object | None = None,
        http: httpx.AsyncClient | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._registration = registration
        self._options = options or EntraOptions()
        self._msal = MsalClient(registration, http=msal_http)
        self._given_http = http
        self._clock = clock or SystemClock()
        self._open: tuple[httpx.AsyncClient, ProviderSource] | None = None
        self._client = OidcClient(
            name=NAME,
            title=self.title,
            issuer=self.issuer,
            client_id=registration.client_id,
        )

    @property
    def name(self) -> str:
        """The linker's."""
        return NAME

    @property
    def title(self) -> str:
        """What people call it."""
        return self._options.title

    @property
    def issuer(self) -> str:
        """The directory's."""
        return self._registration.issuer

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """Open the clients."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._msal.lifespan())
            http = self._given_http
            if http is None:
                client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS)
                http = await stack.enter_async_context(client)
            source = ProviderSource(
                self.issuer,
                setting="link.entra",
                client=http,
                monotonic=self._clock.monotonic,
            )
            self._open = http, source
            yield
        self._open = None

    async def begin(self, sign_in: SignIn) -> SignInStart:
        """MSAL's authorization request. Its nonce and verifier are kept for the few minutes that it
        takes: they are nothing without the browser's state, the code and the host's credential.
        """

        def ask(application: Application) -> Mapping[str, Any]:
            flow: Mapping[str, Any] = application.initiate_auth_code_flow(
                scopes=list(self._options.scopes),
                redirect_uri=sign_in.redirect_uri,
                state=sign_in.state,
                response_mode=_FORM,
            )
            return flow

        flow = {**await self._ask(ask)}
        # A form sent by Entra's page comes without our cookie, which no other site's forms may
        # bring; MSAL warns, for the whole process, of every mode but that one.
        url = text_member(flow, "auth_uri").replace(f"response_mode={_FORM}", "response_mode=query")
        return SignInStart(url=url, kept=_kept(flow))

    async def complete(
        self, sign_in: SignIn, *, kept: JsonObject, answer: Mapping[str, str]
    ) -> ProvedSubject:
        """Exchange the code, verify the ID token, see to groups."""
        if self._open is None:
            message = "the provider is not open"
            raise RuntimeError(message)
        http, source = self._open
        code = code_in(answer, issuer=self.issuer)
        flow = {**kept, "state": sign_in.state, "redirect_uri": sign_in.redirect_uri}
        said = {"code": code, "state": sign_in.state}

        def ask(application: Application) -> Mapping[str, Any]:
            tokens: Mapping[str, Any] = application.acquire_token_by_auth_code_flow(flow, said)
            return tokens

        tokens = await self._ask(ask)
        if "error" in tokens:
            raise SignInError("refused")
        token, nonce = text_member(tokens, "id_token"), str(kept["nonce"])
        claims = await self._verified(token, source, nonce)
        if _GROUPS in self._options.claims and are_left_out(claims):
            claims = {**claims, _GROUPS: await self._fetch_groups(http, tokens)}
        return ProvedSubject(
            issuer=self.issuer,
            subject=str(claims["sub"]),
            shown_as=shown_as(claims),
            claims=recorded(claims, self._options.claims),
        )

    async def _ask(self, ask: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as MSAL is
        try:
            return await self._msal.call(ask)
        except OSError as error:
            reason = f"Entra cannot be reached: {type(error).__name__}"
            raise SignInUnavailableError(reason) from error
        except (ValueError, RuntimeError) as error:
            # MSAL says this of a directory that it does not find, and of a nonce that is another's.
            _logger.warning("MSAL refuses a sign-in: %s", type(error).__name__)
            raise SignInError("msal") from None

    async def _verified(self, token: str, source: ProviderSource, nonce: str) -> Mapping[str, Any]:
        try:
            claims = await verify_id_token(
                token,
                self._client,
                source,
                nonce=hashlib.sha256(nonce.encode("ascii")).hexdigest(),  # as MSAL sends it
                now=self._clock.now().timestamp(),
            )
        except ClaimError as error:
            _logger.warning("an ID token of Entra is refused: %s", error)
            raise SignInError("id_token") from None
        if claims.get("tid") != self._registration.tenant_id:
            raise SignInError("tenant")
        return claims

    async def _fetch_groups(self, http: httpx.AsyncClient, tokens: Mapping[str, Any]) -> list[str]:
        if self._options.overage is GroupOverage.REFUSE:
            _logger.warning(
                "somebody is in more groups than a token holds; see `link.entra.group_overage`"
            )
            raise SignInError("too_many_groups")
        token = text_member(tokens, "access_token")
        return await fetch_groups(http, token, graph=self._options.graph)


def _kept(flow: Mapping[str, Any]) -> JsonObject:
    # What the host knows itself is not kept.
    return {
        "scope": list(flow["scope"]),
        "nonce": flow["nonce"],
        "code_verifier": flow["code_verifier"],
        "claims_challenge": flow.get("claims_challenge"),
    }


__all__ = ["NAME", "EntraOptions", "EntraProvider", "GroupOverage"]
