"""A conversation is linked with an account in a directory, by MSAL, against a directory of ours."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from pydantic import SecretStr
from starlette.responses import JSONResponse, Response

from agent_host.entra.msal_client import MsalClient
from agent_host.entra.registration import EntraRegistration
from agent_host.errors import ConfigurationError
from agent_host.identity.access_policy import AuthPolicy, HostAccessPolicy
from agent_host.identity.option import PeopleOptions
from agent_host.linking.entra.provider import EntraOptions, EntraProvider, GroupOverage
from agent_host.linking.option import LinkOptions
from agent_host.linking.web.web_linker import WebLinker
from agent_host.testing.live_server import live_server
from agent_host.testing.manual_clock import ManualClock
from tests.authentication.issuer import RSA_KEYS, sign
from tests.linking.browser import EDGE, POLICY, PUBLIC, Browser, Rerouted
from tests.linking.entra import (
    AUTHORITY,
    CLIENT_ID,
    GRAPH,
    SECRET,
    TENANT,
    Entra,
    session_to,
)
from tests.linking.hosting import Linking, linking

OVERAGE: dict[str, object] = {"_claim_names": {"groups": "src1"}}


class Made(NamedTuple):
    made: Linking
    entra: Entra
    browser: Browser


def registration(**changes: Any) -> EntraRegistration:
    values: dict[str, Any] = {
        "tenant_id": TENANT,
        "client_id": CLIENT_ID,
        "client_secret": SecretStr(SECRET),
        "authority": AUTHORITY,
        **changes,
    }
    return EntraRegistration(**values)


@asynccontextmanager
async def signing_in(
    app: EntraRegistration | None = None,
    *,
    overage: GroupOverage = GroupOverage.REFUSE,
    away: bool = False,
    **host: Any,
) -> AsyncGenerator[Made]:
    clock = ManualClock()
    entra = Entra(clock.now)
    async with live_server(entra.app) as url:
        session = session_to("http://127.0.0.1:1" if away else url)
        provider = EntraProvider(
            app or registration(),
            EntraOptions(overage=overage, graph=GRAPH),
            msal_http=session,
            http=entra.client(),
            clock=clock,
        )
        options = LinkOptions(linkers=[WebLinker(provider, POLICY)])
        async with linking(options, edge=EDGE, clock=clock, **host) as made:
            browser = Browser(made.url)
            await browser.http.aclose()
            mounts: dict[str, httpx.AsyncBaseTransport | None] = {
                AUTHORITY: httpx.ASGITransport(entra.app),
                PUBLIC: Rerouted(made.url),
            }
            async with httpx.AsyncClient(mounts=mounts, timeout=20) as browser.http:
                yield Made(made, entra, browser)
        session.close()


async def refused(world: Made) -> httpx.Response:
    """What a sign-in ends with that should not end well."""
    phone = world.made.speaker("phone")
    url = (await phone.begins())["url"]
    page = await world.browser.come_back(await world.browser.sign_in(url))
    assert page.status_code != 200, page.text
    assert await phone.pending() is None
    return page


def groups_of(name: str) -> PeopleOptions:
    """Whoever is in this group may come in."""
    rules = AuthPolicy.linked_claims("groups", [name], source="entra")
    return PeopleOptions(access=HostAccessPolicy(policy=rules))


async def test_an_account_is_linked_and_its_groups_let_it_in() -> None:
    async with signing_in(people=groups_of("staff")) as world:
        made, entra, browser = world
        entra.claims = {"groups": ["staff"]}
        phone = made.speaker("phone")
        page = await browser.come_back(await browser.sign_in((await phone.begins())["url"]))
        assert "Microsoft: alice@example.org" in page.text
        number = await browser.links((await phone.begins())["url"])
        assert (await phone.confirms(number)).status_code == 200
        assert await phone.says("hello") == "hello"


async def test_a_certificate_does_instead_of_a_secret() -> None:
    pem = RSA_KEYS[0].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    app = registration(client_secret=None, private_key=SecretStr(pem), thumbprint="AB" * 20)
    async with signing_in(app) as (made, entra, browser):
        phone = made.speaker("phone")
        number = await browser.links((await phone.begins())["url"])
        assert (await phone.confirms(number)).status_code == 200
        assert "client_secret" not in entra.asked[0]
        assert entra.asked[0]["client_assertion"].count(".") == 2


async def test_more_groups_than_a_token_holds_are_refused_or_fetched() -> None:
    async with signing_in() as world:
        world.entra.claims = OVERAGE
        await refused(world)
    people = groups_of("g3")
    async with signing_in(overage=GroupOverage.FETCH, people=people) as (made, entra, browser):
        entra.claims = {"hasgroups": True}
        entra.groups = [
            {"value": [{"id": "g1"}], "@odata.nextLink": f"{GRAPH}/v1.0/more"},
            {"value": [{"id": "g3"}]},
        ]
        phone = made.speaker("phone")
        number = await browser.links((await phone.begins())["url"])
        await phone.confirms(number)
        assert await phone.says("hello") == "hello"


@pytest.mark.parametrize(
    "page",
    [
        {"value": "g1"},
        {"value": [{"name": "g1"}]},
        {"value": ["g1"]},
        {"value": [], "@odata.nextLink": "https://evil.example/v1.0/more"},
        {"value": [], "@odata.nextLink": 7},
        JSONResponse({}, status_code=403),
        Response(status_code=503),
    ],
)
async def test_groups_that_make_no_sense_link_nobody(page: object) -> None:
    async with signing_in(overage=GroupOverage.FETCH) as world:
        world.entra.claims = OVERAGE
        world.entra.groups = [page]
        await refused(world)


async def test_pages_of_groups_without_end_link_nobody() -> None:
    async with signing_in(overage=GroupOverage.FETCH) as world:
        world.entra.claims = OVERAGE
        world.entra.groups = [{"value": [], "@odata.nextLink": f"{GRAPH}/v1.0/more"}] * 30
        await refused(world)


@pytest.mark.parametrize(
    "claims",
    [
        {"tid": "another"},
        {"iss": f"{AUTHORITY}/another/v2.0"},
        {"aud": "another"},
        {"nonce": "another"},
    ],
    ids=["tenant", "issuer", "audience", "nonce"],
)
async def test_token_substitution_a_token_of_elsewhere_is_refused(
    claims: dict[str, object],
) -> None:
    async with signing_in() as world:
        world.entra.claims = claims
        assert (await refused(world)).status_code == 400


async def test_token_substitution_msal_verifies_no_signature_and_we_do() -> None:
    async with signing_in() as world:
        world.entra.token = lambda claims: sign(claims, key=RSA_KEYS[1])
        assert (await refused(world)).status_code == 400


async def test_what_entra_refuses_links_nobody_and_an_outage_is_one() -> None:
    async with signing_in() as world:
        world.entra.answers = [JSONResponse({"error": "invalid_grant"}, status_code=400)]
        assert (await refused(world)).status_code == 400
    async with signing_in(away=True) as (made, _, browser):
        url = (await made.speaker("phone").begins())["url"]
        page = await browser.press(url)
        assert page.status_code == 502
        assert "127.0.0.1" not in page.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tenant_id": "common"}, "one directory"),
        ({"tenant_id": "../x"}, "one directory"),
        ({"client_id": ""}, "client_id"),
        ({"client_secret": None}, "either"),
        ({"private_key": SecretStr("x"), "thumbprint": "y"}, "either"),
        ({"client_secret": None, "private_key": SecretStr("x")}, "belong together"),
        ({"thumbprint": "x"}, "belong together"),
        ({"authority": "http://login.example"}, "authority"),
    ],
)
def test_a_registration_that_could_not_work_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        registration(**changes)


async def test_secrets_are_in_no_representation() -> None:
    app = registration()
    assert SECRET not in f"{app!r} {MsalClient(app)!r}"
    with pytest.raises(RuntimeError):
        await MsalClient(app).call(lambda _: {})
