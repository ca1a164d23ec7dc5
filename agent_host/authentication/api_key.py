"""API keys as values: how one is written, what is kept of it, whether it is live.

A key is `ah_<id>_<secret>`. The id is public and names the record; the secret has 190 random bits,
so that a plain SHA-256 of the whole key is all that has to be kept: there is nothing to guess that
a slow hash would protect (NIST SP 800-63B §5.1.1.2 asks for one where people choose the secret).
"""

import secrets
import string
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

PREFIX: Final = "ah_"

_ALPHABET: Final = string.digits + string.ascii_letters
_ID_LENGTH: Final = 10
_SECRET_LENGTH: Final = 32
_PARTS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is kept of a key. It never holds the secret.

    `digest` is the SHA-256 of the whole key in hex. Keys with the same `tenant` and `subject` are
    the same person to the host. `revoked_at` is kept so that a list can show it.
    """

    id: str
    digest: str
    name: str
    subject: str
    tenant: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Whether it may be used."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key that was just made: the only place where the whole of it is."""

    id: str
    text: str

    def __repr__(self) -> str:
        return f"NewKey(id={self.id!r}, text='********')"


def make_key() -> NewKey:
    """A key that nobody has."""
    key_id = _random(_ID_LENGTH)
    return NewKey(id=key_id, text=f"{PREFIX}{key_id}_{_random(_SECRET_LENGTH)}")


def id_of(credential: str) -> str | None:
    """The id in what may be a key; None if it has not the form of one."""
    parts = credential.split("_")
    if len(parts) != _PARTS or not credential.startswith(PREFIX):
        return None
    return parts[1]


def digest_of(credential: str) -> bytes:
    """What is compared with the kept digest."""
    return sha256(credential.encode("utf-8", "surrogatepass")).digest()


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


__all__ = ["PREFIX", "ApiKey", "NewKey", "digest_of", "id_of", "make_key"]
