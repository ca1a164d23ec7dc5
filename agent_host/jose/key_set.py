"""The keys that an issuer signs with, from a JWK Set (RFC 7517 §5, https://www.rfc-editor.org/rfc/rfc7517).

Keys that are not for signatures, and symmetric ones above all, are as if they were not there.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import jwt

from agent_host.jose.algorithm import KEY_TYPES

_KEYS_LIMIT: Final = 100
_TYPES: Final = frozenset(kind for kind, _ in KEY_TYPES.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """One public key, ready for one algorithm. `document` is what the issuer said of it."""

    document: Mapping[str, Any]
    key: jwt.PyJWK


class KeySet:
    """The keys of one answer of the issuer."""

    def __init__(self, documents: tuple[Mapping[str, Any], ...] = ()) -> None:
        self._documents = documents
        self._ready: dict[tuple[str | None, str], SigningKey] = {}

    def __len__(self) -> int:
        return len(self._documents)

    def __contains__(self, key: SigningKey) -> bool:
        return key.document in self._documents

    def find(self, kid: str | None, algorithm: str) -> SigningKey | None:
        """The key of that id that is for that algorithm. Without an id, the only one that is."""
        found = self._ready.get((kid, algorithm))
        if found is None:
            matching = [*self._matching(kid, algorithm)]
            if not matching or (kid is None and len(matching) > 1):
                return None
            try:
                key = jwt.PyJWK(dict(matching[0]), algorithm)
            except (jwt.PyJWTError, ValueError, TypeError):
                return None
            found = self._ready[kid, algorithm] = SigningKey(document=matching[0], key=key)
        return found

    def _matching(self, kid: str | None, algorithm: str) -> Iterator[Mapping[str, Any]]:
        kind, curve = KEY_TYPES[algorithm]
        for document in self._documents:
            if (
                document["kty"] == kind
                and (curve is None or document.get("crv") == curve)
                and document.get("alg", algorithm) == algorithm
                and (kid is None or document.get("kid") == kid)
            ):
                yield document


def parse_key_set(payload: bytes) -> KeySet:
    """The set in the issuer's answer.

    Raises:
        ValueError: it is none; the text is for the operator.
    """
    try:
        document: Any = json.loads(payload)
        entries: Any = document["keys"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ValueError("what it answers is no JWK Set") from None
    if not isinstance(entries, list):
        raise ValueError("what it answers is no JWK Set")  # noqa: TRY004 - it is the text's form
    listed = cast("list[object]", entries)
    keys = tuple(cast("dict[str, Any]", entry) for entry in listed if _signs(entry))
    if len(keys) > _KEYS_LIMIT:
        raise ValueError(f"its JWK Set has more than {_KEYS_LIMIT} keys")
    if not keys:
        raise ValueError("its JWK Set has no key for signatures")
    return KeySet(keys)


def _signs(entry: object) -> bool:
    if not isinstance(entry, dict):
        return False
    document = cast("dict[str, Any]", entry)
    operations: Any = document.get("key_ops", ["verify"])
    return (
        document.get("kty") in _TYPES
        and document.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
    )


__all__ = ["KeySet", "SigningKey", "parse_key_set"]
