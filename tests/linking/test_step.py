"""Single steps: what two do at one moment, what is not open, what a store that fails leads to."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

import httpx
import pytest
from pydantic import SecretStr
from starlette.requests import HTTPConnection

from agent_host.errors import (
    ConfigurationError,
    HostError,
    LinkStepError,
    SignInUnavailableError,
    StoreUnavailableError,
)
from agent_host.identity.derived_resolver import DerivedIdentityResolver
from agent_host.identity.key import identity_key
from agent_host.linking.code_linker import CodeLinker
from agent_host.linking.linker_context import HostLinkContext
from agent_host.linking.oidc.github import GitHubClient, GitHubProvider
from agent_host.linking.oidc.provider import OidcProvider
from agent_host.linking.option import LinkOptions
from agent_host.linking.request_record import WaitingLinks
from agent_host.linking.storage import StoredLinkStorage
from agent_host.linking.web.attempt import Attempts, Stage
from agent_host.linking.web.browser import Reference, read_ticket
from agent_host.linking.web.page import error_page
from agent_host.linking.web.provider import SignIn
from agent_host.linking.web.web_linker import WebLinker
from agent_host.stores.memory import MemoryStateStore
from agent_host.system import SystemIdFactory
from agent_host.testing.manual_clock import ManualClock
from agent_host.types import ChannelIdentity, Principal
from agent_host.types.identifier import LinkId
from agent_host.types.identity import LinkParty
from agent_host.types.principal import subject_id
from tests.linking.browser import ISSUER, POLICY, client_of, signing_in
from tests.linking.provider import Provider

SIGN_IN = SignIn(redirect_uri="https://x.example", state="s", nonce="n", verifier="v")


class Steps(NamedTuple):
    context: HostLinkContext
    waiting: WaitingLinks
    clock: ManualClock


def party(name: str, tenant: str = "default") -> LinkParty:
    identity = ChannelIdentity(channel="chat", account="bot", native_id=name, tenant=tenant)
    return LinkParty(identity=identity, natural_key=identity_key(identity))


@asynccontextmanager
async def steps() -> AsyncGenerator[Steps]:
    """What a linker is given, over a store of its own."""
    clock = ManualClock()
    async with MemoryStateStore(clock=clock) as store:
        waiting = WaitingLinks(StoredLinkStorage(store, "@desk"), clock)
        context = HostLinkContext(
            linker="test",
            storage=StoredLinkStorage(store, "test"),
            waiting=waiting,
            resolver=DerivedIdentityResolver(),
            clock=clock,
            ids=SystemIdFactory(),
        )
        yield Steps(context, waiting, clock)


def make_linker() -> WebLinker:
    provider = Provider(ISSUER, ManualClock().now)
    return WebLinker(OidcProvider(client_of(provider), http=provider.client()), POLICY)


async def test_a_request_is_taken_once() -> None:
    async with steps() as (context, waiting, _):
        one, other = party("one"), party("other")
        await context.propose(LinkId("lnk_1"), initiator=one, claimant=other)
        found = await waiting.get(one.identity)
        assert found is not None
        assert await waiting.find(other.identity) == found
        assert await waiting.take(found)
        assert not await waiting.take(found)
        assert not await waiting.count_try(found)
        assert await waiting.find(other.identity) is None


async def test_a_new_request_takes_the_place_of_the_former_and_its_claimant_has_no_part() -> None:
    async with steps() as (context, waiting, _):
        one, former, latter = party("one"), party("former"), party("latter")
        await context.propose(LinkId("lnk_1"), initiator=one, claimant=former)
        await context.propose(LinkId("lnk_2"), initiator=one, claimant=latter)
        assert await waiting.find(former.identity) is None
        found = await waiting.find(latter.identity)
        assert found is not None
        assert found.id == "lnk_2"


@pytest.mark.parametrize("claimant", [party("one"), party("other", tenant="elsewhere")])
async def test_who_is_the_same_or_of_another_tenant_is_not_proposed(claimant: LinkParty) -> None:
    async with steps() as (context, _, _clock):
        with pytest.raises(LinkStepError):
            await context.propose(LinkId("lnk_1"), initiator=party("one"), claimant=claimant)


async def test_a_sign_in_goes_one_way_and_each_step_is_taken_once() -> None:
    async with steps() as (context, _, clock):
        linker = make_linker()
        async with linker.lifespan(context):
            offer = await linker.begin(party("one"))
            reference = read_ticket((offer.url or "").rpartition("/")[2])
            attempts = Attempts(context)
            offered = await attempts.get(reference, Stage.OFFERED)
            assert reference is not None
            started = await attempts.advance(reference, offered, Stage.STARTED)
            with pytest.raises(LinkStepError):
                await attempts.advance(reference, offered, Stage.STARTED)
            with pytest.raises(LinkStepError):
                await attempts.get(reference, Stage.OFFERED)
            await attempts.use_up(reference, started)
            with pytest.raises(LinkStepError):
                await attempts.use_up(reference, started)
            for nothing in (None, Reference(tenant="default", name="0" * 64)):
                with pytest.raises(LinkStepError):
                    await attempts.get(nothing, Stage.OFFERED)
            with pytest.raises(LinkStepError):
                await linker.begin(party("one", tenant="x" * 600))
            clock.advance(timedelta(minutes=1))


async def test_claims_of_the_same_issuer_and_subject_are_of_the_same_caller() -> None:
    linker = make_linker()
    claims = {"iss": ISSUER, "sub": "alice", "email": "a@example.org"}
    expected = Principal(id=subject_id(ISSUER, "alice"), kind="token", tenant="t")
    assert await linker.resolve(claims, tenant="t") == expected
    for other in ({"iss": "https://other.example", "sub": "alice"}, {"iss": ISSUER}, {}):
        assert await linker.resolve(other, tenant="t") is None
    assert await CodeLinker().resolve(claims, tenant="t") is None


async def test_what_is_not_open_says_so() -> None:
    provider = Provider(ISSUER, ManualClock().now)
    github = GitHubProvider(GitHubClient(client_id="x", client_secret=SecretStr("y")))
    closed = (
        CodeLinker().begin(party("one")),
        make_linker().begin(party("one")),
        OidcProvider(client_of(provider)).begin(SIGN_IN),
        github.complete(SIGN_IN, kept={}, answer={"code": "x"}),
    )
    for work in closed:
        with pytest.raises(RuntimeError, match="not open"):
            await work


async def test_providers_have_clients_of_their_own_where_none_is_given() -> None:
    provider = Provider("http://127.0.0.1:1", ManualClock().now)
    own = OidcProvider(client_of(provider))
    async with own.lifespan():
        with pytest.raises(SignInUnavailableError, match="cannot be reached"):
            await own.begin(SIGN_IN)
    client = GitHubClient(client_id="x", client_secret=SecretStr("y"), url="http://127.0.0.1:1")
    github = GitHubProvider(client)
    async with github.lifespan():
        assert (await github.begin(SIGN_IN)).url.startswith("http://127.0.0.1:1/login/oauth/")
        with pytest.raises(SignInUnavailableError):
            await github.complete(SIGN_IN, kept={}, answer={"code": "x"})


async def test_a_provider_that_does_not_answer_is_not_waited_for() -> None:
    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise TimeoutError

    provider = Provider(ISSUER, ManualClock().now)
    async with httpx.AsyncClient(transport=Silent()) as client:
        own = OidcProvider(client_of(provider), http=client)
        async with own.lifespan():
            with pytest.raises(SignInUnavailableError, match="in time"):
                await own.begin(SIGN_IN)


async def test_an_error_of_the_host_is_a_page_that_tells_nothing_of_it() -> None:
    error: HostError = StoreUnavailableError("the store at 10.0.0.7 is away")
    page = await error_page(HTTPConnection({"type": "http"}), error)
    assert page.status_code == 503
    assert b"10.0.0.7" not in page.body


async def test_a_body_that_is_no_form_leads_nowhere() -> None:
    async with signing_in() as made:
        browser = made.browser()
        consent = f"{browser.public}/link/google/consent"
        for body in (b"\xff", b"&".join([b"a=1"] * 20), b"at=1&at=2"):
            response = await browser.http.post(
                consent, content=body, headers={"origin": browser.public}
            )
            assert response.status_code == 400


async def test_all_who_claim_at_one_moment_are_one() -> None:
    async with steps() as (context, _, _clock):
        linker = CodeLinker()
        async with linker.lifespan(context):
            code = (await linker.begin(party("one"))).code or ""
            claims = [linker.complete(party(f"p{number}"), code) for number in range(5)]
            ended = await asyncio.gather(*claims, return_exceptions=True)
        assert sum(isinstance(one, LinkStepError) for one in ended) == 4


def test_linkers_have_names_of_their_own() -> None:
    with pytest.raises(ConfigurationError, match="Two linkers"):
        LinkOptions(linkers=[CodeLinker(), CodeLinker()])
    provider = Provider(ISSUER, ManualClock().now)
    named = WebLinker(OidcProvider(client_of(provider, name="Big Corp")), POLICY)
    with pytest.raises(ConfigurationError, match="cannot be called"):
        LinkOptions(linkers=[named])
    assert replace(POLICY, public_url="https://x.example").is_secure
