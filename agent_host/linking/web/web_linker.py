"""Links a conversation with an account at a provider: the steps of a sign-in, without their routes.

The initiator is given an address. Whatever fetches it begins nothing; the browser in which a person
goes on gets a secret of its own, and the sign-in ends in that browser or nowhere.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple, cast

from agent_host.errors import LinkStepError, SignInError
from agent_host.jose.endpoint import check_endpoint
from agent_host.linking.audit import note
from agent_host.linking.party_record import plain, shown
from agent_host.linking.web.attempt import LIFETIME, Attempt, Attempts, Stage
from agent_host.linking.web.browser import (
    Derived,
    Reference,
    digest_of,
    is_same,
    new_secret,
    new_ticket,
    read_reference,
    read_ticket,
    reference_in,
)
from agent_host.linking.web.provider import ProvedSubject, SignIn, SignInProvider
from agent_host.protocols.channel import ChannelRoute
from agent_host.protocols.linker import LinkContext
from agent_host.types.identifier import LINK_PREFIX, LinkId
from agent_host.types.identity import LinkParty
from agent_host.types.json import JsonObject
from agent_host.types.link import LinkOffer, LinkRequest
from agent_host.types.principal import Principal, subject_id


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPolicy:
    """`public_url` is how browsers reach the host: the redirect address is built from it, and never
    from what a request says. Cookies are `Secure` if it is https; http is taken for loopback only.

    Raises:
        ConfigurationError: it is neither.
    """

    public_url: str

    def __post_init__(self) -> None:
        check_endpoint(self.public_url, "link.public_url")

    @property
    def is_secure(self) -> bool:
        """Whether browsers come by https."""
        return self.public_url.startswith("https:")


class Started(NamedTuple):
    """Where a browser goes, and what it is given."""

    url: str
    reference: Reference
    secret: str


class Proved(NamedTuple):
    """What a consent page says."""

    here: str
    there: str
    reference: Reference
    token: str


class WebLinker:
    """The `Linker` of one provider."""

    def __init__(self, provider: SignInProvider, policy: WebPolicy) -> None:
        self._provider = provider
        self._policy = policy
        self._context: LinkContext | None = None

    @property
    def name(self) -> str:
        """The provider's."""
        return self._provider.name

    @property
    def proves_claims(self) -> bool:
        """Issuer and subject, and what the provider's client records besides."""
        return True

    @property
    def title(self) -> str:
        """What people call the provider."""
        return self._provider.title

    @property
    def is_secure(self) -> bool:
        """Whether browsers come by https."""
        return self._policy.is_secure

    @property
    def path(self) -> str:
        """Under which its routes are."""
        return f"/link/{self.name}"

    def routes(self) -> Sequence[ChannelRoute]:
        """The pages and the callback."""
        # Whoever only names linkers does not load the web framework's responses.
        from agent_host.linking.web.route import WebRoutes  # noqa: PLC0415

        return WebRoutes(self).routes()

    @asynccontextmanager
    async def lifespan(self, context: LinkContext) -> AsyncGenerator[None]:
        """Open the provider."""
        async with self._provider.lifespan():
            self._context = context
            yield
            self._context = None

    async def begin(self, initiator: LinkParty) -> LinkOffer:
        """A new address; the former one leads nowhere any more."""
        context = self._given
        attempts = Attempts(context)
        await attempts.withdraw(initiator)
        ticket = new_ticket(initiator.identity.tenant)
        reference = read_ticket(ticket)
        if reference is None:
            raise LinkStepError  # a tenant whose name is too long for an address
        expires_at = context.clock.now() + LIFETIME
        link_id = LinkId(context.ids.new(LINK_PREFIX))
        await attempts.offer(
            reference, Attempt(id=link_id, initiator=initiator, expires_at=expires_at)
        )
        return LinkOffer(
            id=link_id, linker=self.name, expires_at=expires_at, url=self._url(f"/{ticket}")
        )

    async def complete(self, claimant: LinkParty, answer: str) -> LinkRequest:
        """The other side is a browser: no channel completes it."""
        del claimant, answer
        raise LinkStepError

    async def resolve(self, claims: JsonObject, *, tenant: str) -> Principal | None:
        """The subject of claims of this issuer."""
        subject = claims.get("sub")
        if claims.get("iss") != self._provider.issuer or not isinstance(subject, str):
            return None
        return _principal(self._provider.issuer, subject, tenant)

    async def unlink(self, party: LinkParty) -> None:
        """Its address leads nowhere any more."""
        await Attempts(self._given).withdraw(party)

    async def show(self, ticket: str) -> str:
        """Who offers the link that this ticket is for. Changes nothing."""
        attempt = await Attempts(self._given).get(read_ticket(ticket), Stage.OFFERED, Stage.STARTED)
        return shown(attempt.initiator.identity)

    async def start(self, ticket: str) -> Started:
        """Bind the sign-in to a browser: the one that asked last, for as long as none is back."""
        attempts = Attempts(self._given)
        reference = read_ticket(ticket)
        attempt = await attempts.get(reference, Stage.OFFERED, Stage.STARTED)
        secret, reference = new_secret(), cast("Reference", reference)
        start = await self._provider.begin(self._sign_in(secret, reference))
        bound = replace(attempt, browser=digest_of(secret), kept=start.kept)
        await attempts.advance(reference, bound, Stage.STARTED)
        return Started(start.url, reference, secret)

    async def call_back(self, answer: Mapping[str, str], cookies: Mapping[str, str]) -> Reference:
        """Take what the provider sent the browser back with, once; where its consent page is."""
        attempts = Attempts(self._given)
        state = answer.get("state", "")
        reference = reference_in(state)
        attempt = await attempts.get(reference, Stage.STARTED)
        reference = cast("Reference", reference)
        secret = self._secret_of(reference, attempt, cookies)
        if not Derived(secret, reference).is_state(state):
            raise LinkStepError
        attempt = await attempts.advance(reference, attempt, Stage.CHECKED)
        identity = attempt.initiator.identity
        try:
            proved = await self._provider.complete(
                self._sign_in(secret, reference), kept=attempt.kept, answer=answer
            )
        except SignInError as error:
            note("sign_in", identity, link_id=attempt.id, outcome=error.reason)
            raise
        note("sign_in", identity, link_id=attempt.id)
        await attempts.advance(
            reference, replace(attempt, kept={}, proved=_to_json(proved)), Stage.PROVED
        )
        return reference

    async def review(self, at: str, cookies: Mapping[str, str]) -> Proved:
        """What the browser is asked to agree to."""
        reference, attempt, derived = await self._proved(at, cookies)
        return Proved(
            here=self._shown(attempt),
            there=shown(attempt.initiator.identity),
            reference=reference,
            token=derived.form_token,
        )

    async def decide(
        self, at: str, token: str, cookies: Mapping[str, str], *, agreed: bool
    ) -> LinkRequest | None:
        """Take the browser's decision, once. None if it is no."""
        reference, attempt, derived = await self._proved(at, cookies)
        if not derived.is_form_token(token):
            raise LinkStepError
        await Attempts(self._given).use_up(reference, attempt)
        return await self._propose(attempt) if agreed else None

    async def _propose(self, attempt: Attempt) -> LinkRequest:
        identity = attempt.initiator.identity
        claims = cast("JsonObject", attempt.proved["claims"])
        principal = await self.resolve(claims, tenant=identity.tenant)
        if principal is None:
            raise SignInError("issuer")
        party = await self._given.party_of(principal)
        source = self.name
        return await self._given.propose(
            attempt.id,
            initiator=replace(attempt.initiator, verified_claims=claims, claim_source=source),
            claimant=replace(party, verified_claims=claims, claim_source=source),
            shown_as=self._shown(attempt),
        )

    async def _proved(
        self, at: str, cookies: Mapping[str, str]
    ) -> tuple[Reference, Attempt, Derived]:
        reference = read_reference(at)
        attempt = await Attempts(self._given).get(reference, Stage.PROVED)
        reference = cast("Reference", reference)
        secret = self._secret_of(reference, attempt, cookies)
        return reference, attempt, Derived(secret, reference)

    def cookie_name(self, reference: Reference) -> str:
        """Of its own for each sign-in, so that none replaces another's secret. Browsers take a name
        with this prefix from the host itself and by https only.
        """
        prefix = "__Host-" if self.is_secure else ""
        return f"{prefix}agent-host-link-{reference.name[:16]}"

    def _secret_of(self, reference: Reference, attempt: Attempt, cookies: Mapping[str, str]) -> str:
        secret = cookies.get(self.cookie_name(reference), "")
        if not is_same(secret, attempt.browser):
            raise LinkStepError
        return secret

    def _sign_in(self, secret: str, reference: Reference) -> SignIn:
        derived = Derived(secret, reference)
        return SignIn(
            redirect_uri=self._url("/callback"),
            state=derived.state,
            nonce=derived.nonce,
            verifier=derived.verifier,
        )

    def _shown(self, attempt: Attempt) -> str:
        return f"{self.title}: {plain(str(attempt.proved['shown_as']))}"

    def _url(self, path: str) -> str:
        return f"{self._policy.public_url.rstrip('/')}{self.path}{path}"

    @property
    def _given(self) -> LinkContext:
        if self._context is None:
            message = "the linker is not open"
            raise RuntimeError(message)
        return self._context


def _principal(issuer: str, subject: str, tenant: str) -> Principal:
    return Principal(id=subject_id(issuer, subject), kind="token", tenant=tenant)


def _to_json(proved: ProvedSubject) -> JsonObject:
    claims = {**proved.claims, "iss": proved.issuer, "sub": proved.subject}
    return {"shown_as": proved.shown_as, "claims": claims}


__all__ = ["Proved", "Started", "WebLinker", "WebPolicy"]
