"""Attacks on sign-ins. Each is a line of the threat model in docs/security/linking.md."""

import base64
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.warnings import InsecureKeyLengthWarning

from tests.authentication.issuer import RSA_KEYS, SHORT_KEY, claims_at, jwk_of, sign, unsigned
from tests.linking.browser import ISSUER, PUBLIC, SignIns, number_on, signing_in
from tests.linking.provider import CLIENT_ID


async def begun(made: SignIns, name: str = "phone", linker: str | None = None) -> str:
    """An address that the initiator was given."""
    url: str = (await made.speaker(name).begins(linker))["url"]
    return url


def changed(url: str, **parameters: str) -> str:
    """With other parameters."""
    place, _, query = url.partition("?")
    said = {name: value[0] for name, value in parse_qs(query).items()}
    return f"{place}?{urlencode({**said, **parameters})}"


async def assert_nothing_waits(made: SignIns, page: httpx.Response, name: str = "phone") -> None:
    assert page.status_code == 400, page.text
    assert await made.speaker(name).pending() is None


async def test_a_replayed_callback_is_good_for_nothing() -> None:
    async with signing_in() as made:
        browser = made.browser()
        callback = await browser.sign_in(await begun(made))
        await browser.agree(await browser.come_back(callback))
        assert (await browser.come_back(callback)).status_code == 400
        assert made.provider.asked.count("token") == 1


async def test_a_stolen_callback_is_good_for_nothing_in_another_browser() -> None:
    async with signing_in() as made:
        callback = await made.browser().sign_in(await begun(made))
        await assert_nothing_waits(made, await made.browser().come_back(callback))
        assert "token" not in made.provider.asked


async def test_state_fixation_a_sign_in_begun_elsewhere_does_not_end_here() -> None:
    """The attacker begins, and sends the provider's address, or the callback, to a victim."""
    async with signing_in() as made:
        attacker, victim = made.browser(), made.browser()
        at_provider = await attacker.start(await begun(made, "attacker"))
        back = (await victim.get(at_provider)).headers["location"]
        await assert_nothing_waits(made, await victim.come_back(back), "attacker")
        # With a sign-in of the victim's own going on, its cookie is another one.
        await victim.start(await begun(made, "victim"))
        await assert_nothing_waits(made, await victim.come_back(back), "attacker")


async def test_login_csrf_a_victims_browser_cannot_be_driven_through_the_pages() -> None:
    """Pages of others cannot send our forms, and our forms need the browser's own token."""
    async with signing_in() as made:
        browser = made.browser()
        url = await begun(made)
        driven = await browser.http.post(url, headers={"origin": "https://evil.example"})
        assert driven.status_code == 403
        page = await browser.come_back(await browser.sign_in(url))
        consent = str(page.url).partition("?")[0]
        at = parse_qs(urlsplit(str(page.url)).query)["at"][0]
        for fields in (
            {"at": at, "decision": "yes"},
            {"at": at, "token": "guess", "decision": "yes"},
            {"at": at, "token": "gu\N{LATIN SMALL LETTER E WITH ACUTE}", "decision": "yes"},
            {"at": "x", "token": "y", "decision": "yes"},
            {},
        ):
            await assert_nothing_waits(made, await browser.press(consent, **fields))
        refused = await browser.http.post(
            consent, data={"at": at}, headers={"origin": "https://evil.example"}
        )
        assert refused.status_code == 403
        stranger = made.browser()
        assert (await stranger.get(str(page.url))).status_code == 400
        # None of that has used up the page: its own form still works, once.
        number_on(await browser.agree(page))
        assert (await browser.agree(page)).status_code == 400


async def test_a_stolen_address_leads_nowhere_without_the_initiators_word() -> None:
    async with signing_in() as made:
        phone = made.speaker("phone")
        await phone.says("a secret")
        url = await begun(made)
        made.provider.subject = "thief"
        number = await made.browser().links(url)
        waiting = await phone.pending()
        assert waiting is not None
        assert waiting["other"] == "Example ID: thief"  # the initiator reads whose account it is
        assert (await made.speaker("thief").confirms(number)).status_code == 400
        assert (await phone.confirms("000000" if number != "000000" else "1")).status_code == 400
        await phone.post("/decline")
        assert (await phone.confirms(number)).status_code == 400


async def test_what_only_fetches_an_address_begins_nothing() -> None:
    async with signing_in() as made:
        url = await begun(made)
        for _ in range(3):
            preview = await made.browser().get(url)
            assert preview.status_code == 200
            assert "set-cookie" not in preview.headers
        assert made.provider.asked == []
        await made.browser().links(url)


async def test_whoever_starts_last_takes_the_sign_in_over_and_the_first_browser_is_out() -> None:
    async with signing_in() as made:
        url = await begun(made)
        first, last = made.browser(), made.browser()
        callback = await first.sign_in(url)
        await last.start(url)
        await assert_nothing_waits(made, await first.come_back(callback))


@pytest.mark.parametrize("said", [{"iss": "https://evil.example"}, {"iss": ISSUER + "/"}])
async def test_mixed_up_providers_an_answer_of_another_provider_is_refused(
    said: dict[str, str],
) -> None:
    async with signing_in() as made:
        made.provider.answer = said
        browser = made.browser()
        page = await browser.come_back(await browser.sign_in(await begun(made)))
        await assert_nothing_waits(made, page)
        assert "token" not in made.provider.asked


async def test_mixed_up_providers_one_that_names_itself_must() -> None:
    async with signing_in() as made:
        made.provider.configuration = {"authorization_response_iss_parameter_supported": True}
        browser = made.browser()
        page = await browser.come_back(await browser.sign_in(await begun(made)))
        await assert_nothing_waits(made, page)
        made.provider.answer = {"iss": ISSUER}
        number_on(
            await browser.agree(await browser.come_back(await browser.sign_in(await begun(made))))
        )


async def test_mixed_up_providers_a_code_goes_to_the_provider_it_was_asked_of_only() -> None:
    async with signing_in(names=("google", "evil")) as made:
        browser = made.browser()
        callback = await browser.sign_in(await begun(made, linker="google"))
        misled = callback.replace("/link/google/", "/link/evil/")
        await assert_nothing_waits(made, await browser.come_back(misled))
        assert "token" not in made.providers[1].asked


async def test_a_code_of_another_sign_in_is_refused() -> None:
    """The attacker's own code, brought to the victim's callback: PKCE ties it to its sign-in."""
    async with signing_in() as made:
        attackers = await made.browser().sign_in(await begun(made, "attacker"))
        code = parse_qs(urlsplit(attackers).query)["code"][0]
        browser = made.browser()
        callback = await browser.sign_in(await begun(made, "victim"))
        page = await browser.come_back(changed(callback, code=code))
        await assert_nothing_waits(made, page, "victim")


@pytest.mark.parametrize("tampered", ["", "x", "a.b", "a.b.c", "💥"])
async def test_a_state_that_was_made_up_is_refused(tampered: str) -> None:
    async with signing_in() as made:
        browser = made.browser()
        callback = await browser.sign_in(await begun(made))
        await assert_nothing_waits(made, await browser.come_back(changed(callback, state=tampered)))
        state = parse_qs(urlsplit(callback).query)["state"][0]
        forged = f"{state[:-1]}{'A' if state[-1] != 'A' else 'B'}"
        await assert_nothing_waits(made, await browser.come_back(changed(callback, state=forged)))
        doubled = await browser.come_back(f"{callback}&code=again")
        await assert_nothing_waits(made, doubled)


async def test_redirect_tampering_no_header_changes_where_the_provider_sends_back() -> None:
    async with signing_in() as made:
        browser = made.browser()
        sent = await browser.http.post(
            await begun(made),
            headers={
                "origin": PUBLIC,
                "x-forwarded-host": "evil.example",
                "x-forwarded-proto": "http",
                "forwarded": "host=evil.example",
            },
        )
        asked = parse_qs(urlsplit(sent.headers["location"]).query)
        assert asked["redirect_uri"] == [f"{PUBLIC}/link/google/callback"]
        moved = await browser.http.post(await begun(made), headers={"host": "evil.example"})
        assert moved.status_code in {400, 403, 421}


def hs256_with_the_public_key(claims: dict[str, Any]) -> str:
    """The old confusion: the public key as the shared secret."""
    pem = RSA_KEYS[0].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = {"alg": "HS256", "typ": "JWT", "kid": "one"}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in (head, claims)
    ]
    signature = hmac.digest(pem, ".".join(parts).encode(), "sha256")
    return ".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=").decode()])


def with_short_key(claims: dict[str, Any]) -> str:
    with pytest.warns(InsecureKeyLengthWarning):
        return sign(claims, key=SHORT_KEY, kid="short")


TOKENS: dict[str, Callable[[dict[str, Any]], str]] = {
    "alg none": lambda claims: unsigned({"alg": "none"}, claims),
    "alg None": lambda claims: unsigned({"alg": "None", "kid": "one"}, claims),
    "HS256 with the public key": hs256_with_the_public_key,
    "another's key": lambda claims: sign(claims, key=RSA_KEYS[1]),
    "an unknown key": lambda claims: sign(claims, key=RSA_KEYS[1], kid="two"),
    "a key that is too short": with_short_key,
    "an algorithm that is not allowed": lambda claims: sign(claims, algorithm="RS384"),
    "a key id that is no text": lambda claims: unsigned({"alg": "RS256", "kid": 7}, claims),
    "no token": lambda _: "no.token.at-all",
    "too long": lambda claims: sign({**claims, "padding": "x" * 70_000}),
}


@pytest.mark.parametrize("token", [*TOKENS.values()], ids=[*TOKENS])
async def test_token_substitution_a_signature_that_is_not_the_providers_is_refused(
    token: Callable[[dict[str, Any]], str],
) -> None:
    async with signing_in() as made:
        made.provider.documents.append(jwk_of(SHORT_KEY, "short"))
        made.provider.token = token
        browser = made.browser()
        page = await browser.come_back(await browser.sign_in(await begun(made)))
        await assert_nothing_waits(made, page)


CLAIMS: dict[str, dict[str, object]] = {
    "for another client": {"aud": "another"},
    "for several, of which we are one": {"aud": [CLIENT_ID, "another"]},
    "for several, made for another": {"aud": [CLIENT_ID, "another"], "azp": "another"},
    "made for another": {"azp": "another"},
    "of another issuer": {"iss": "https://other.example"},
    "of another sign-in": {"nonce": "another"},
    "of no sign-in": {"nonce": None},
    "about nobody": {"sub": None},
    "about a number": {"sub": 7},
    "about a novel": {"sub": "x" * 256},
    "without an end": {"exp": None},
    "without a beginning": {"iat": None},
    "with an end that is no time": {"exp": "soon"},
}


@pytest.mark.parametrize("claims", [*CLAIMS.values()], ids=[*CLAIMS])
async def test_token_substitution_a_token_for_another_purpose_is_refused(
    claims: dict[str, object],
) -> None:
    async with signing_in() as made:
        made.provider.claims = claims
        browser = made.browser()
        page = await browser.come_back(await browser.sign_in(await begun(made)))
        await assert_nothing_waits(made, page)


@pytest.mark.parametrize(("minutes", "good"), [(-10, False), (-5.5, True), (0.5, True), (2, False)])
async def test_a_token_has_its_time_and_clocks_may_differ_a_little(
    minutes: float, *, good: bool
) -> None:
    async with signing_in() as made:
        at = made.made.clock.now() + timedelta(minutes=minutes)
        made.provider.claims = {name: claims_at(at)[name] for name in ("iat", "exp")}
        browser = made.browser()
        page = await browser.come_back(await browser.sign_in(await begun(made)))
        assert (page.status_code == 200) is good


async def test_too_many_claims_are_refused_and_not_cut() -> None:
    async with signing_in(changes={"claims": ("groups",)}) as made:
        made.provider.claims = {"groups": ["x" * 100] * 200}
        browser = made.browser()
        page = await browser.come_back(await browser.sign_in(await begun(made)))
        await assert_nothing_waits(made, page)


async def test_several_audiences_with_us_as_the_party_are_ours() -> None:
    async with signing_in() as made:
        made.provider.claims = {"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID}
        await made.browser().links(await begun(made))


async def test_new_keys_are_fetched_and_made_up_ones_do_not_make_us_ask_without_end() -> None:
    async with signing_in() as made:
        await made.browser().links(await begun(made))
        made.made.clock.advance(timedelta(seconds=11))
        made.provider.documents = [jwk_of(RSA_KEYS[1], "two")]
        made.provider.token = lambda claims: sign(claims, key=RSA_KEYS[1], kid="two")
        await made.browser().links(await begun(made))
        assert made.provider.asked.count("keys") == 2
        made.provider.token = lambda claims: sign(claims, kid="made up")
        for _ in range(3):
            browser = made.browser()
            page = await browser.come_back(await browser.sign_in(await begun(made)))
            await assert_nothing_waits(made, page)
        assert made.provider.asked.count("keys") == 2
