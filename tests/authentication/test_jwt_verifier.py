"""Tokens: whose they are, and every way in which one can be wrong."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from agent_host.authentication.jwt_policy import JwtPolicy
from agent_host.authentication.jwt_verifier import JwtVerifier
from agent_host.errors import AuthenticationUnavailableError, InvalidProofError
from agent_host.testing.manual_clock import ManualClock
from agent_host.types.proof import Proof
from tests.authentication.issuer import (
    AUDIENCE,
    EC_KEY,
    ED_KEY,
    ISSUER,
    RSA_KEYS,
    SHORT_KEY,
    Issuer,
    claims_at,
    jwk_of,
    sign,
    unsigned,
)


def policy_of(**rules: Any) -> JwtPolicy:
    """The rules of these tests, and those that one of them is about."""
    all_rules: dict[str, Any] = {"issuer": ISSUER, "audiences": (AUDIENCE,), **rules}
    return JwtPolicy(**all_rules)


class Tokens:
    """A verifier, its issuer and the clock of both."""

    def __init__(self, issuer: Issuer, **policy: Any) -> None:
        self.issuer = issuer
        self.clock = ManualClock()
        self.verifier = JwtVerifier(
            policy_of(**policy),
            client=issuer.client(),
            clock=self.clock,
        )

    def sign(self, *, claims: dict[str, Any] | None = None, **options: Any) -> str:
        return sign(claims_at(self.clock.now(), **(claims or {})), **options)

    async def verify(self, token: str) -> Proof:
        assert self.verifier.takes(token)
        return await self.verifier.verify(token)

    async def refuses(self, token: str) -> bool:
        try:
            await self.verifier.verify(token)
        except InvalidProofError as refused:
            return str(refused) == "The credential is not valid."  # and not why
        return False


@asynccontextmanager
async def open_tokens(issuer: Issuer | None = None, **policy: Any) -> AsyncGenerator[Tokens]:
    tokens = Tokens(issuer or Issuer(), **policy)
    async with tokens.verifier:
        yield tokens


async def test_a_token_is_its_issuer_and_subject() -> None:
    async with open_tokens() as tokens:
        token = tokens.sign(claims={"scope": "read write", "email": "alice@example.org"})
        proof = await tokens.verify(token)
        principal = proof.principal
        assert principal.id == "18.https://id.example.alice"
        assert (principal.kind, principal.tenant) == ("token", "default")
        assert principal.scopes == {"call", "read", "write"}
        assert principal.claims == {}
        assert await tokens.verify(token) is proof
        assert tokens.issuer.asked == ["configuration", "keys"]


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(RSA_KEYS[0], "RS256"), (RSA_KEYS[0], "PS256"), (EC_KEY, "ES256"), (ED_KEY, "EdDSA")],
)
@pytest.mark.parametrize("named", [True, False])
async def test_every_algorithm_of_the_default_works(key: Any, algorithm: str, named: bool) -> None:
    issuer = Issuer()
    document = jwk_of(key, "other", alg=algorithm) if named else jwk_of(key, "other")
    issuer.documents = [document]
    async with open_tokens(issuer) as tokens:
        for kid in ("other", None):
            await tokens.verify(tokens.sign(key=key, algorithm=algorithm, kid=kid))


WRONG_CLAIMS: dict[str, dict[str, object]] = {
    "expired": {"exp": 1},
    "no expiry": {"exp": None},
    "expiry is a text": {"exp": "2030"},
    "expiry is true": {"exp": True},
    "expiry is no number": {"exp": float("nan")},
    "expiry is beyond numbers": {"exp": 10**400},
    "not yet": {"nbf": 32_503_680_000},
    "issued in the future": {"iat": 32_503_680_000},
    "issued at a text": {"iat": "now"},
    "other audience": {"aud": "somebody-else"},
    "other audiences": {"aud": ["somebody-else", "agent-host-2"]},
    "no audience": {"aud": None},
    "audience is a number": {"aud": 7},
    "other issuer": {"iss": "https://evil.example"},
    "issuer with a slash": {"iss": f"{ISSUER}/"},
    "no issuer": {"iss": None},
    "no subject": {"sub": None},
    "empty subject": {"sub": ""},
    "subject is a number": {"sub": 7},
    "long subject": {"sub": "a" * 256},
}


@pytest.mark.parametrize("claims", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS)
async def test_wrong_claims_are_refused(claims: dict[str, object]) -> None:
    async with open_tokens() as tokens:
        changed = claims_at(tokens.clock.now(), **claims)
        # By hand, as the library does not sign some of it.
        payload = json.dumps(changed).encode()
        token = jwt.api_jws.encode(payload, RSA_KEYS[0], "RS256", headers={"kid": "one"})
        assert await tokens.refuses(token)
        assert not await tokens.refuses(tokens.sign())


def public_pem() -> bytes:
    return (
        RSA_KEYS[0]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def hs256_with_public_key(claims: dict[str, Any]) -> str:
    """The oldest trick: the public key as the shared secret."""
    token = unsigned({"alg": "HS256", "typ": "JWT", "kid": "one"}, claims)
    signed = token.rpartition(".")[0]
    mac = hmac.new(public_pem(), signed.encode(), hashlib.sha256).digest()
    return unsigned({"alg": "HS256", "typ": "JWT", "kid": "one"}, claims, mac)


WRONG_TOKENS: dict[str, Callable[[dict[str, Any]], str]] = {
    "alg none": lambda claims: unsigned({"alg": "none", "kid": "one"}, claims),
    "alg None": lambda claims: unsigned({"alg": "None", "kid": "one"}, claims),
    "alg null": lambda claims: unsigned({"alg": None, "kid": "one"}, claims),
    "alg a list": lambda claims: unsigned({"alg": ["RS256"], "kid": "one"}, claims),
    "no alg": lambda claims: unsigned({"kid": "one"}, claims),
    "kid a number": lambda claims: unsigned({"alg": "RS256", "kid": 1}, claims),
    "no signature": lambda claims: unsigned({"alg": "RS256", "kid": "one"}, claims),
    "HS256 with the public key": hs256_with_public_key,
    "signed by another": lambda claims: sign(claims, key=RSA_KEYS[1]),
    "unknown kid": lambda claims: sign(claims, kid="two"),
    "another kind of key": lambda claims: sign(claims, key=EC_KEY, algorithm="ES256"),
    "algorithm not allowed": lambda claims: sign(claims, algorithm="RS512"),
    "signature cut": lambda claims: sign(claims)[:-10],
    "claims changed": lambda claims: _with_claims(sign(claims), claims | {"sub": "bob"}),
    "its own key": lambda claims: jwt.encode(
        claims, RSA_KEYS[1], "RS256", {"kid": "one", "jwk": jwk_of(RSA_KEYS[1], "one")}
    ),
    "its own key's URL": lambda claims: jwt.encode(
        claims, RSA_KEYS[1], "RS256", {"kid": "one", "jku": "https://evil.example/keys"}
    ),
    "critical extension": lambda claims: jwt.encode(
        claims, RSA_KEYS[0], "RS256", {"kid": "one", "crit": ["x"], "x": 1}
    ),
    "huge": lambda claims: sign(claims | {"padding": "a" * 9000}),
    "deep header": lambda claims: ".".join(["W1tb" * 2000, "e30", "AA"]),
    "not base64": lambda claims: "..",
    "not JSON": lambda claims: "AAAA.AAAA.AAAA",
}


def _with_claims(token: str, claims: dict[str, Any]) -> str:
    head, _, signature = token.split(".")
    return ".".join([head, unsigned({}, claims).split(".")[1], signature])


@pytest.mark.parametrize("forge", WRONG_TOKENS.values(), ids=WRONG_TOKENS)
async def test_forged_tokens_are_refused(forge: Callable[[dict[str, Any]], str]) -> None:
    async with open_tokens() as tokens:
        assert await tokens.refuses(forge(claims_at(tokens.clock.now())))
        assert not await tokens.refuses(tokens.sign())


@pytest.mark.parametrize(
    "document",
    [
        jwk_of(RSA_KEYS[0], "one", use="enc"),
        jwk_of(RSA_KEYS[0], "one", key_ops=["encrypt"]),
        jwk_of(RSA_KEYS[0], "one", key_ops="verify"),
        jwk_of(RSA_KEYS[0], "one", alg="RS512"),
        jwk_of(RSA_KEYS[0], "one", n="!"),
        {"kty": "oct", "kid": "one", "k": "c2VjcmV0"},
    ],
)
async def test_keys_that_are_not_for_it_are_not_used(document: dict[str, Any]) -> None:
    issuer = Issuer()
    issuer.documents = [document, jwk_of(EC_KEY, "other")]
    async with open_tokens(issuer) as tokens:
        assert await tokens.refuses(tokens.sign())


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
async def test_a_key_that_is_too_short_proves_nothing() -> None:
    issuer = Issuer()
    issuer.documents = [jwk_of(SHORT_KEY, "one")]
    async with open_tokens(issuer) as tokens:
        assert await tokens.refuses(tokens.sign(key=SHORT_KEY))


async def test_without_a_key_id_nothing_is_guessed() -> None:
    issuer = Issuer()
    issuer.documents = [jwk_of(RSA_KEYS[0], "one"), jwk_of(RSA_KEYS[1], "two")]
    async with open_tokens(issuer) as tokens:
        assert await tokens.refuses(tokens.sign(kid=None))


async def test_clocks_may_differ_by_the_leeway() -> None:
    async with open_tokens(leeway=timedelta(seconds=30)) as tokens:
        now = int(tokens.clock.now().timestamp())
        for claims in ({"exp": now - 29}, {"nbf": now + 29}, {"iat": now + 29}):
            assert not await tokens.refuses(tokens.sign(claims=claims))
        for claims in ({"exp": now - 30}, {"nbf": now + 31}, {"iat": now + 31}):
            assert await tokens.refuses(tokens.sign(claims=claims))


async def test_a_token_expires_although_it_was_verified_before() -> None:
    async with open_tokens(leeway=timedelta()) as tokens:
        token = tokens.sign()
        proof = await tokens.verify(token)
        await tokens.clock.until_sleeping(2)
        tokens.clock.advance(timedelta(minutes=5))
        assert await tokens.refuses(token)
        while not proof.ended:
            await tokens.clock.until_sleeping()
            tokens.clock.advance(timedelta(seconds=1))


@pytest.mark.parametrize(
    ("policy", "claims", "scopes"),
    [
        ({}, {}, {"call"}),
        ({}, {"scope": "admin call"}, {"call"}),
        ({"admin_scopes": frozenset({"ops"})}, {"scope": "ops"}, {"admin", "call", "ops"}),
        ({"call_scopes": frozenset({"ask"})}, {"scope": "ask"}, {"ask", "call"}),
        ({"call_scopes": frozenset({"ask"})}, {"scope": "call"}, set[str]()),
        ({"call_scopes": frozenset({"call"})}, {"scp": ["call", 7]}, {"call"}),
        (
            {"scope_claims": ("roles",), "admin_scopes": frozenset({"Host Admin"})},
            {"roles": ["Host Admin"], "scope": "x"},
            {"Host Admin", "admin", "call"},
        ),
        ({}, {"scope": {"admin": True}}, {"call"}),
    ],
)
async def test_scopes_mean_what_the_operator_says(
    policy: dict[str, Any], claims: dict[str, Any], scopes: set[str]
) -> None:
    async with open_tokens(**policy) as tokens:
        assert (await tokens.verify(tokens.sign(claims=claims))).principal.scopes == scopes


async def test_tenant_and_claims_come_from_the_token_where_it_is_said_so() -> None:
    policy: dict[str, Any] = {
        "tenant_claim": "org",
        "shown_claims": ("email",),
        "required_claims": ("azp",),
    }
    async with open_tokens(**policy) as tokens:
        good = {"org": "acme", "email": "alice@example.org", "azp": "app", "phone": "1"}
        principal = (await tokens.verify(tokens.sign(claims=good))).principal
        assert principal.tenant == "acme"
        assert principal.claims == {"email": "alice@example.org"}
        for missing in ({"org": None}, {"org": ""}, {"org": 7}, {"azp": None}):
            assert await tokens.refuses(tokens.sign(claims=good | missing))


async def test_before_and_after_it_is_open_nobody_can_say() -> None:
    tokens = Tokens(Issuer())
    token = tokens.sign()
    for _ in range(2):
        with pytest.raises(AuthenticationUnavailableError):
            await tokens.verify(token)
        if not tokens.issuer.asked:
            async with tokens.verifier:
                await tokens.verify(token)


async def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent_host.authentication.jwt_verifier._REMEMBERED", 2)
    async with open_tokens() as tokens:
        proofs = [await tokens.verify(tokens.sign(claims={"jti": str(n)})) for n in range(5)]
        assert tokens.verifier.remembered == 2
        assert not any(proof.ended for proof in proofs)


@given(st.text(alphabet="abcXYZ019-_.=", max_size=60), st.binary(max_size=60))
async def test_any_text_is_refused_and_breaks_nothing(text: str, header: bytes) -> None:
    head = base64.urlsafe_b64encode(header).rstrip(b"=").decode()
    verifier = JwtVerifier(JwtPolicy(issuer=ISSUER, audiences=(AUDIENCE,)))
    for token in (text, f"{head}.{head}.{head}"):
        with pytest.raises((InvalidProofError, AuthenticationUnavailableError)):
            await verifier.verify(token)
