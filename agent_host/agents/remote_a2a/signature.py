"""Checks the signatures of an agent card (specification, section 8.4.3) against keys that the
operator trusts. Where a card says its keys are (`jku`) is not looked at: whoever can forge a card
can also name keys.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, cast

from agent_host.errors import ConfigurationError, MissingExtraError
from agent_host.protocols.agent_card import signed_forms

try:
    import jwt
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import (
        load_pem_private_key,
        load_pem_public_key,
    )
except ImportError as error:
    raise MissingExtraError("a2a-signing", "Checking a card's signature") from error

if TYPE_CHECKING:
    PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey

_KEYS_LIMIT: Final = 100
_SIGNATURES_LIMIT: Final = 16
_RSA: Final = ("RS256", "PS256")
_PUBLIC: Final = frozenset({"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use", "key_ops"})


class UnsignedCardError(ConfigurationError):
    """A card has no signature by a key that is trusted."""

    code = "unsigned_card"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    kid: str | None
    algorithms: tuple[str, ...]
    key: "PublicKey"


class CardKeys:
    """Public keys, each for the algorithms of its kind: ES256, RS256 and PS256, EdDSA."""

    def __init__(self, keys: tuple[_Key, ...]) -> None:
        self._keys = keys

    @classmethod
    def read(cls, file: Path) -> Self:
        """The keys of a PEM, a JWK or a JWK set. Of a private key the public half is taken.

        Raises:
            ConfigurationError: it cannot be read, or has no key that can be used.
        """
        try:
            raw = file.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"The keys' file {file} cannot be read.") from error
        try:
            keys = (*(_of_pem(raw) if raw.lstrip().startswith(b"-----") else _of_json(raw)),)
        except (ValueError, TypeError, KeyError, AttributeError, jwt.PyJWTError) as error:
            message = f"{file} is no PEM of a public key, no JWK and no JWK set."
            raise ConfigurationError(message) from error
        if not keys:
            raise ConfigurationError(f"{file} has no key that a card can be signed with.")
        return cls(keys)

    def check(self, card: object) -> str | None:
        """The id of the key that signed the card, None if that key has none.

        Raises:
            UnsignedCardError: none of these did.
        """
        if isinstance(card, Mapping):
            fields = cast("Mapping[str, Any]", card)
            forms = signed_forms(fields)
            for one in _signatures(fields):
                for key in self._for(one):
                    if any(_fits(one, form, key) for form in forms):
                        return key.kid
        raise UnsignedCardError("The agent card has no signature by a key that is trusted.")

    def _for(self, signature: Mapping[str, Any]) -> Iterator[_Key]:
        header = _header(signature)
        for key in self._keys:
            fits = key.kid is None or header.get("kid") in {None, key.kid}
            if fits and header.get("alg") in key.algorithms and "crit" not in header:
                yield key


def _signatures(card: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    found = card.get("signatures")
    if isinstance(found, list):
        for item in cast("list[object]", found)[:_SIGNATURES_LIMIT]:
            if isinstance(item, Mapping):
                yield cast("Mapping[str, Any]", item)


def _header(signature: Mapping[str, Any]) -> Mapping[str, Any]:
    text = signature.get("protected")
    try:
        header: object = json.loads(_decoded(text if isinstance(text, str) else ""))
    except (ValueError, RecursionError):
        return {}
    return cast("Mapping[str, Any]", header) if isinstance(header, dict) else {}


def _fits(signature: Mapping[str, Any], form: bytes, key: _Key) -> bool:
    payload = urlsafe_b64encode(form).rstrip(b"=").decode("ascii")
    token = f"{signature.get('protected')}.{payload}.{signature.get('signature')}"
    try:
        jwt.PyJWS().decode(token, key.key, algorithms=list(key.algorithms))
    except (jwt.PyJWTError, ValueError, TypeError):
        return False
    return True


def _of_pem(raw: bytes) -> Iterator[_Key]:
    is_private = b"PRIVATE KEY" in raw
    key = load_pem_private_key(raw, None).public_key() if is_private else load_pem_public_key(raw)
    yield from _usable(key, kid=None)


def _of_json(raw: bytes) -> Iterator[_Key]:
    document: Any = json.loads(raw)
    entries: Any = document.get("keys", [document])
    for entry in entries[:_KEYS_LIMIT]:
        public = {name: value for name, value in entry.items() if name in _PUBLIC}
        kid = public.get("kid")
        yield from _usable(jwt.PyJWK(public).key, kid=kid if isinstance(kid, str) else None)


def _usable(key: object, kid: str | None) -> Iterator[_Key]:
    match key:
        case ec.EllipticCurvePublicKey(curve=ec.SECP256R1()):
            yield _Key(kid=kid, algorithms=("ES256",), key=key)
        case ed25519.Ed25519PublicKey():
            yield _Key(kid=kid, algorithms=("EdDSA",), key=key)
        case rsa.RSAPublicKey():
            yield _Key(kid=kid, algorithms=_RSA, key=key)
        case _:
            return


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


__all__ = ["CardKeys", "UnsignedCardError"]
