"""Signs the agent's card (specification, section 8.4): a JWS of RFC 7515 over its canonical form.

Needs the extra `a2a-signing`. The key's file is read once, when the host starts.
"""

import json
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

from agent_host.errors import ConfigurationError, MissingExtraError
from agent_host.protocols.agent_card import canonical_card, lean_card
from agent_host_a2a.part import Fields

try:
    import jwt
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
except ImportError as error:
    raise MissingExtraError("a2a-signing", "Signing the agent card") from error

_SHORTEST_RSA_BITS: Final = 2048


class _SigningKey(NamedTuple):
    key: Any
    algorithm: str
    kid: str | None


class CardSigner:
    """Signs with the private key in `key_file`, a PEM or a JWK: ES256, EdDSA or RS256 by its kind.
    `key_id` is what a JWK says itself, unless it is given; `key_set_url` is where clients find the
    public key.

    Raises:
        ConfigurationError: it cannot be read, is no private key of these kinds, or has no id.
    """

    def __init__(self, key_file: Path, *, key_id: str | None, key_set_url: str | None) -> None:
        key, self._algorithm, own_id = _read(key_file)
        kid = key_id or own_id
        if kid is None:
            message = "A card is signed with a key that has an id: set channels.a2a.card_key_id."
            raise ConfigurationError(message)
        self._key = key
        self._header: dict[str, Any] = {"typ": "JOSE", "kid": kid}
        if key_set_url is not None:
            self._header["jku"] = key_set_url

    def signed(self, card: Fields) -> Fields:
        """The card with its signature; with two where the form of the specification and the one
        that the official SDKs check are not the same.
        """
        forms = dict.fromkeys((canonical_card(card), lean_card(card)))
        return {**card, "signatures": [self._signature(form) for form in forms]}

    def _signature(self, payload: bytes) -> Fields:
        token = jwt.PyJWS().encode(
            payload, self._key, algorithm=self._algorithm, headers=self._header
        )
        protected, _, signature = token.split(".")
        return {"protected": protected, "signature": signature}


def _read(file: Path) -> _SigningKey:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"The card's key {file} cannot be read.") from error
    try:
        key, kid = _of_pem(raw) if raw.lstrip().startswith(b"-----") else _of_jwk(raw)
    except (ValueError, TypeError, KeyError, AttributeError, jwt.PyJWTError) as error:
        message = f"{file} is neither a PEM without a password nor a JWK."
        raise ConfigurationError(message) from error
    return _SigningKey(key, _algorithm(key, file), kid)


def _of_pem(raw: bytes) -> tuple[object, str | None]:
    return load_pem_private_key(raw, None), None


def _of_jwk(raw: bytes) -> tuple[object, str | None]:
    document: Any = json.loads(raw)
    kid = document.get("kid")
    return jwt.PyJWK(cast("dict[str, Any]", document)).key, kid if isinstance(kid, str) else None


def _algorithm(key: object, file: Path) -> str:
    match key:
        case ec.EllipticCurvePrivateKey(curve=ec.SECP256R1()):
            return "ES256"
        case ed25519.Ed25519PrivateKey():
            return "EdDSA"
        case rsa.RSAPrivateKey() if key.key_size >= _SHORTEST_RSA_BITS:
            return "RS256"
        case _:
            raise ConfigurationError(
                f"{file} is no private key for ES256 (P-256), EdDSA (Ed25519) or RS256 (2048 bits)."
            )


__all__ = ["CardSigner"]
