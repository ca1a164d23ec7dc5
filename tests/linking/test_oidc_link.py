"""A conversation is linked with an account at an OpenID provider, in a browser."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.responses import JSONResponse, Response

from agent_host.errors import ConfigurationError
from agent_host.identity.access_policy import AuthPolicy, HostAccessPolicy
from agent_host.identity.option import PeopleOptions
from agent_host.linking.oidc.client import OidcClient, google_issuer, microsoft_issuer, okta_issuer
from agent_host.linking.web.web_linker import WebPolicy
from agent_host.types import ChannelIdentity, Principal
from agent_host.types.principal import subject_id
from tests.linking.browser import ISSUER, PUBLIC, signing_in
from tests.linking.provider import CLIENT_ID


async def test_two_conversations_meet_at_one_account() -> None:
    async with signing_in() as made:
        phone, laptop = made.speaker("phone-4821"), made.speaker("laptop")
        await phone.says("one")
        offer = await phone.begins()
        assert (offer["linker"], offer["code"]) == ("google", None)
        number = await made.browser().links(offer["url"])
        waiting = await phone.pending()
        assert waiting is not None
        assert waiting["other"] == "Example ID: alice-at-pro"
        assert await phone.says("two") == "one | two"
        assert (await phone.confirms(number)).status_code == 200
        assert await phone.says("three") == "one | two | three"

        number = await made.browser().links((await laptop.begins("google"))["url"])
        assert (await laptop.confirms(number)).status_code == 200
        assert await laptop.says("four") == "one | two | three | four"
        assert (await laptop.unlinks()).status_code == 204
        assert await laptop.says("five") == "five"


async def test_a_caller_who_proves_the_same_subject_is_the_same_person_without_a_link() -> None:
    async with signing_in() as made:
        phone = made.speaker("phone")
        await phone.says("one")
        number = await made.browser().links((await phone.begins())["url"])
        await phone.confirms(number)
        same = made.speaker(f"token:{subject_id(ISSUER, 'alice-at-provider')}")
        other = made.speaker(f"token:{subject_id('https://other.example', 'alice-at-provider')}")
        assert await same.says("two") == "one | two"
        assert await other.says("two") == "two"


async def test_an_address_alone_never_links() -> None:
    """Two accounts with one verified e-mail address are two people."""
    async with signing_in(changes={"claims": ("email",)}) as made:
        made.provider.claims = {"email": "a@example.org", "email_verified": True}
        for name in ("phone", "laptop"):
            made.provider.subject = f"subject-of-{name}"
            number = await made.browser().links((await made.speaker(name).begins())["url"])
            await made.speaker(name).confirms(number)
        await made.speaker("phone").says("one")
        assert await made.speaker("laptop").says("two") == "two"


async def test_what_was_proved_is_recorded_with_its_source_and_rules_can_ask_for_it() -> None:
    access = HostAccessPolicy(policy=AuthPolicy.linked_claims("groups", ["staff"], source="google"))
    people = PeopleOptions(access=access)
    async with signing_in(changes={"claims": ("groups", "email")}, people=people) as made:
        phone = made.speaker("phone")
        body = {"input": "hello"}
        refused = await made.made.http.post("/invocations", json=body, headers=phone.headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "link_required")
        made.provider.claims = {"groups": ["staff", "all"], "email": "not@verified"}
        number = await made.browser().links((await phone.begins())["url"])
        assert (await phone.confirms(number)).status_code == 200
        assert await phone.says("hello") == "hello"

        stranger = made.speaker("stranger")
        made.provider.subject, made.provider.claims = "mallory", {"groups": ["visitors"]}
        number = await made.browser().links((await stranger.begins())["url"])
        assert (await stranger.confirms(number)).status_code == 200
        refused = await made.made.http.post("/invocations", json=body, headers=stranger.headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "denied")


async def test_the_request_binds_the_browser_and_says_where_to_come_back_to() -> None:
    async with signing_in(changes={"parameters": {"prompt": "select_account"}}) as made:
        browser = made.browser()
        url = (await made.speaker("phone").begins())["url"]
        assert url.startswith(f"{PUBLIC}/link/google/")
        asked = parse_qs(urlsplit(await browser.start(url)).query)
        assert asked["redirect_uri"] == [f"{PUBLIC}/link/google/callback"]
        assert asked["prompt"] == ["select_account"]
        assert len(asked["code_challenge"][0]) == 43
        (cookie,) = browser.http.cookies.jar
        assert cookie.name.startswith("__Host-agent-host-link-")
        assert cookie.secure
        assert cookie.path == "/"
        assert cookie.domain_specified is False
        assert cookie.has_nonstandard_attr("HttpOnly")
        assert cookie.get_nonstandard_attr("SameSite") == "lax"


async def test_the_cookie_is_gone_when_the_sign_in_is_over() -> None:
    async with signing_in() as made:
        for decision in ("yes", "no"):
            browser, url = made.browser(), (await made.speaker("phone").begins())["url"]
            page = await browser.come_back(await browser.sign_in(url))
            assert len(browser.http.cookies.jar) == 1
            await browser.agree(page, decision)
            assert len(browser.http.cookies.jar) == 0


async def test_an_account_that_the_app_does_not_know_is_not_linked() -> None:
    def name_of(person: ChannelIdentity | Principal) -> str | None:
        return None if person.kind == "token" else person.id  # type: ignore[union-attr]

    async with signing_in(identity_resolver=name_of) as made:
        browser, url = made.browser(), (await made.speaker("phone").begins())["url"]
        page = await browser.come_back(await browser.sign_in(url))
        assert (await browser.agree(page)).status_code == 403


async def test_pages_run_nothing_and_are_kept_nowhere() -> None:
    async with signing_in() as made:
        browser = made.browser()
        url = (await made.speaker("phone").begins())["url"]
        start = await browser.get(url)
        page = await browser.come_back(await browser.sign_in(url))
        for shown in (start, page, await browser.agree(page)):
            assert shown.headers["cache-control"] == "no-store"
            assert shown.headers["x-frame-options"] == "DENY"
            policy = shown.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; style-src 'sha256-")
            assert "frame-ancestors 'none'" in policy
            assert shown.headers["referrer-policy"] == "same-origin"
            assert "<script" not in shown.text


async def test_names_cannot_break_out_of_a_page() -> None:
    async with signing_in() as made:
        made.provider.claims = {"email": '<script>alert("1")</script>\r\nx'}
        browser = made.browser()
        phone = made.speaker("phone-'\"><b>")
        page = await browser.come_back(await browser.sign_in((await phone.begins())["url"]))
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;" in page.text
        assert '…"&gt;' not in page.text


async def test_a_person_can_say_no_on_either_page() -> None:
    async with signing_in() as made:
        phone, browser = made.speaker("phone"), made.browser()
        page = await browser.come_back(await browser.sign_in((await phone.begins())["url"]))
        said = await browser.agree(page, "no")
        assert "Nothing was linked" in said.text
        assert await phone.pending() is None
        assert (await browser.agree(page)).status_code == 400

        made.provider.answer = {"code": "", "error": "access_denied"}
        page = await browser.come_back(await browser.sign_in((await phone.begins())["url"]))
        assert page.status_code == 400
        assert await phone.pending() is None


async def test_a_sign_in_is_over_after_its_time_and_when_another_is_begun() -> None:
    async with signing_in() as made:
        phone, browser = made.speaker("phone"), made.browser()
        url = (await phone.begins())["url"]
        callback = await browser.sign_in(url)
        made.made.clock.advance(timedelta(minutes=10))
        assert (await browser.get(url)).status_code == 400
        assert (await browser.come_back(callback)).status_code == 400
        former = (await phone.begins())["url"]
        await phone.begins()
        assert (await browser.get(former)).status_code == 400


async def test_a_claimants_code_is_nothing_to_a_linker_of_browsers() -> None:
    async with signing_in() as made:
        assert (await made.speaker("a").post("/claim", code="ABCD-EFGH")).status_code == 400


async def test_the_provider_is_asked_for_what_it_is_once_and_for_new_keys_when_they_come() -> None:
    async with signing_in() as made:
        for name in ("a", "b"):
            await made.browser().links((await made.speaker(name).begins())["url"])
        assert made.provider.asked.count("configuration") == 1
        assert made.provider.asked.count("keys") == 1
        made.made.clock.advance(timedelta(hours=2))
        await made.browser().links((await made.speaker("c").begins())["url"])
        assert made.provider.asked.count("configuration") == 2
        assert made.provider.asked.count("keys") == 2


@pytest.mark.parametrize(
    "configuration",
    [
        {"issuer": "https://other.example"},
        {"token_endpoint": "http://id.example/token"},
        {"jwks_uri": 7},
        {"authorization_endpoint": None},
    ],
)
async def test_a_provider_that_makes_no_sense_is_not_used(
    configuration: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    async with signing_in() as made:
        made.provider.configuration = configuration
        browser, url = made.browser(), (await made.speaker("phone").begins())["url"]
        refused = await browser.press(url)
        assert refused.status_code == 502
        assert "other.example" not in refused.text
        made.provider.configuration = {}
        assert (await browser.press(url)).status_code == 303


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Response(status_code=503), 502),
        (Response("no json"), 400),
        (Response("x" * 300_000), 400),
        (JSONResponse({"error": "bad_verification_code"}), 400),
        (JSONResponse(["id_token"]), 400),
        (Response(status_code=302, headers={"location": "https://elsewhere.example"}), 400),
    ],
    ids=["down", "text", "endless", "error", "list", "redirect"],
)
async def test_a_token_endpoint_that_misbehaves_links_nobody(answer: Response, status: int) -> None:
    async with signing_in() as made:
        phone, browser = made.speaker("phone"), made.browser()
        made.provider.token_answer = answer
        page = await browser.come_back(await browser.sign_in((await phone.begins())["url"]))
        assert page.status_code == status
        assert await phone.pending() is None


async def test_a_client_can_show_its_secret_in_the_body_or_have_none() -> None:
    post: dict[str, object] = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    async with signing_in() as made:
        made.provider.configuration = post
        await made.browser().links((await made.speaker("phone").begins())["url"])
    async with signing_in(changes={"client_secret": None}) as made:
        browser = made.browser()
        callback = await browser.sign_in((await made.speaker("phone").begins())["url"])
        assert (await browser.come_back(callback)).status_code == 400  # it wants one


def test_presets_name_issuers() -> None:
    assert google_issuer() == "https://accounts.google.com"
    assert microsoft_issuer("11-22") == "https://login.microsoftonline.com/11-22/v2.0"
    assert okta_issuer("x.okta.com") == "https://x.okta.com"
    assert okta_issuer("x.okta.com", server="default") == "https://x.okta.com/oauth2/default"
    with pytest.raises(ConfigurationError, match="one directory"):
        microsoft_issuer("common")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"issuer": "http://id.example"}, "link.oidc.google.issuer"),
        ({"client_id": ""}, "client_id"),
        ({"scopes": ("email",)}, "openid"),
        ({"algorithms": ("HS256",)}, "HS256"),
        ({"algorithms": ("none",)}, "none"),
        ({"algorithms": ()}, "empty"),
    ],
)
def test_a_client_with_which_anybody_or_nobody_could_sign_in_is_refused(
    changes: dict[str, object], said: str
) -> None:
    values = {"name": "google", "title": "G", "issuer": ISSUER, "client_id": CLIENT_ID, **changes}
    with pytest.raises(ConfigurationError, match=said):
        OidcClient(**values)  # type: ignore[arg-type]


def test_browsers_come_by_https_or_from_this_machine() -> None:
    with pytest.raises(ConfigurationError, match=r"link\.public_url"):
        WebPolicy(public_url="http://agent.example")
    assert not WebPolicy(public_url="http://localhost:8080").is_secure
