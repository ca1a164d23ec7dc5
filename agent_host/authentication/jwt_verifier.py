"""Says whose a JSON Web Token is (RFC 7519, https://www.rfc-editor.org/rfc/rfc7519; RFC 8725).

A token is verified once and remembered by its hash until it expires, or until its issuer withdraws
the key that signed it; both end what goes on in its name.
"""

import asyncio
import logging
from contextlib import AsyncExitStack
from hashlib import sha256
from typing import Any, Final, Self
from weakref import WeakKeyDictionary

import httpx
import jwt

from agent_host.authentication.credential import bad_credential
from agent_host.authentication.jwt_claim import to_proof
from agent_host.authentication.jwt_issuer import JwtIssuer
from agent_host.authentication.jwt_key_source import JwtKeySource
from agent_host.authentication.jwt_policy import JwtPolicy
from agent_host.errors import AuthenticationUnavailableError
from agent_host.jose.claim import ClaimError
from agent_host.jose.key_set import KeySet, SigningKey
from agent_host.protocols.clock import Clock
from agent_host.system import SystemClock
from agent_host.types.proof import Proof

_REMEMBERED: Final = 4096
_LOOK_SECONDS: Final = 1.0
_DOTS: Final = 2
_TIMEOUT_SECONDS: Final = 5.0

# What a token that anybody can make up may get out of a JSON reader and of arithmetic.
_REFUSED: Final = (jwt.PyJWTError, ValueError, TypeError, RecursionError, ArithmeticError)

_logger = logging.getLogger(__name__)


class JwtVerifier:
    """Takes the tokens of one issuer. `client` is for those who go through a proxy of their own."""

    def __init__(
        self,
        policy: JwtPolicy,
        *,
        client: httpx.AsyncClient | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._policy = policy
        self._client = client
        self._clock = clock or SystemClock()
        self._remembered: dict[bytes, Proof] = {}
        self._signed_with: WeakKeyDictionary[Proof, SigningKey] = WeakKeyDictionary()
        self._keys: JwtKeySource | None = None
        self._stack = AsyncExitStack()

    @property
    def remembered(self) -> int:
        """How many tokens need not be verified again."""
        return len(self._remembered)

    def takes(self, credential: str) -> bool:
        """Whether it has three parts, as signed tokens have (RFC 7515 §3.1)."""
        return credential.count(".") == _DOTS

    async def verify(self, credential: str) -> Proof:
        """Whose it is."""
        if len(credential) > self._policy.token_limit_bytes:
            raise bad_credential()
        digest = sha256(credential.encode()).digest()
        proof = self._remembered.get(digest)
        if proof is not None:
            if proof.holds_at(self._now()):
                return proof
            raise bad_credential()
        proof = await self._verify_new(credential)
        while len(self._remembered) >= _REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        return self._remembered.setdefault(digest, proof)

    async def __aenter__(self) -> Self:
        """Fetch the issuer's keys; it is no failure if that does not succeed yet."""
        async with AsyncExitStack() as stack:
            client = self._client
            if client is None:
                client = httpx.AsyncClient(timeout=_TIMEOUT_SECONDS)
                await stack.enter_async_context(client)
            self._keys = JwtKeySource(
                JwtIssuer(self._policy, client).fetch_keys,
                clock=self._clock,
                on_change=self._end_withdrawn,
            )
            await stack.enter_async_context(self._keys)
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            stack.callback(tasks.create_task(self._end_expired()).cancel)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Forget everything."""
        await self._stack.aclose()
        self._remembered.clear()
        self._keys = None

    async def _verify_new(self, credential: str) -> Proof:
        try:
            header = jwt.get_unverified_header(credential)
        except _REFUSED:
            raise bad_credential() from None
        algorithm: object = header.get("alg")
        kid: object = header.get("kid")
        if algorithm not in self._policy.algorithms or not isinstance(algorithm, str):
            raise _refused("its algorithm is not one of `access.jwt.algorithms`")
        if kid is not None and not isinstance(kid, str):
            raise bad_credential()
        if self._keys is None:
            raise AuthenticationUnavailableError("the verifier of tokens is not open")
        key = await self._keys.find(kid, algorithm)
        if key is None:
            raise _refused("its issuer has no such key")
        try:
            proof = to_proof(self._claims(credential, key), self._policy, now=self._now())
        except ClaimError as error:
            raise _refused(str(error)) from None
        except _REFUSED as error:
            raise _refused(type(error).__name__) from None
        self._signed_with[proof] = key
        return proof

    def _claims(self, credential: str, key: SigningKey) -> dict[str, Any]:
        # The times are compared with the host's own clock afterwards.
        return jwt.decode(
            credential,
            key.key,
            algorithms=list(self._policy.algorithms),
            audience=list(self._policy.audiences),
            issuer=self._policy.issuer,
            options={
                "require": ["exp", "iss", "aud", "sub", *self._policy.required_claims],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "enforce_minimum_key_length": True,
            },
        )

    def _end_withdrawn(self, keys: KeySet) -> None:
        for proof, key in [*self._signed_with.items()]:
            if key not in keys:
                self._end(proof)

    async def _end_expired(self) -> None:
        while True:
            await self._clock.sleep(_LOOK_SECONDS)
            now = self._now()
            for proof in [*self._signed_with]:
                if not proof.holds_at(now):
                    self._end(proof)
            ended = [digest for digest, proof in self._remembered.items() if proof.ended]
            for digest in ended:
                del self._remembered[digest]

    def _end(self, proof: Proof) -> None:
        self._signed_with.pop(proof, None)
        proof.end()

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _refused(reason: str) -> Exception:
    _logger.debug("a token is refused: %s", reason)
    return bad_credential()


__all__ = ["JwtVerifier"]
