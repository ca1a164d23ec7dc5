"""What binds a sign-in to one browser: a secret in a cookie, and all that is derived from it. Pure.

The host keeps the secret's hash. State, nonce, PKCE verifier and the form's token are each an HMAC
of the sign-in's name under the secret: whoever lacks the cookie can make none of them, and those of
one sign-in fit no other.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Final

_SECRET_BYTES: Final = 32
_TENANT_LIMIT: Final = 512
_REFERENCE: Final = re.compile(r"([A-Za-z0-9_-]{0,700})\.([0-9a-f]{64})")
_TICKET: Final = re.compile(r"([A-Za-z0-9_-]{0,700})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Which sign-in: the tenant whose it is, and its name there. Not a secret."""

    tenant: str
    name: str

    def __str__(self) -> str:
        return f"{_encode(self.tenant.encode())}.{self.name}"


def read_reference(text: str) -> Reference | None:
    """The reference in a query; None where it is none."""
    matched = _REFERENCE.fullmatch(text)
    tenant = None if matched is None else _decode(matched[1])
    return None if matched is None or tenant is None else Reference(tenant=tenant, name=matched[2])


def new_ticket(tenant: str) -> str:
    """What leads an initiator to the page: 256 unguessable bits, and the tenant."""
    return f"{_encode(tenant.encode())}.{secrets.token_urlsafe(_SECRET_BYTES)}"


def read_ticket(text: str) -> Reference | None:
    """The sign-in that a ticket is for. Its name is the ticket's hash, so that no name opens it."""
    matched = _TICKET.fullmatch(text)
    tenant = None if matched is None else _decode(matched[1])
    if tenant is None:
        return None
    return Reference(tenant=tenant, name=hashlib.sha256(text.encode()).hexdigest())


def new_secret() -> str:
    """A browser's, for one sign-in."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def digest_of(secret: str) -> str:
    """What is kept of a browser's secret."""
    return hashlib.sha256(b"browser:" + secret.encode("utf-8", "surrogatepass")).hexdigest()


def is_same(secret: str, digest: str) -> bool:
    """Whether it is the browser that the sign-in was begun in."""
    return hmac.compare_digest(digest_of(secret), digest)


class Derived:
    """What only this browser can have for this sign-in."""

    __slots__ = ("_reference", "_secret")

    def __init__(self, secret: str, reference: Reference) -> None:
        self._secret = secret
        self._reference = reference

    @property
    def state(self) -> str:
        """RFC 6749 §10.12: leads back to the sign-in, and only from this browser."""
        return f"{self._reference}.{self._of('state')}"

    @property
    def nonce(self) -> str:
        """OpenID Connect Core 1.0 §15.5.2."""
        return self._of("nonce")

    @property
    def verifier(self) -> str:
        """RFC 7636 §4.1: 43 characters."""
        return self._of("verifier")

    @property
    def form_token(self) -> str:
        """For the form of the consent page."""
        return self._of("form")

    def is_state(self, state: str) -> bool:
        """Whether a state that came back is this one's."""
        return _equal(state, self.state)

    def is_form_token(self, token: str) -> bool:
        """Whether a form came from the page that this browser was shown."""
        return _equal(token, self.form_token)

    def _of(self, purpose: str) -> str:
        message = f"{purpose}:{self._reference}".encode()
        key = self._secret.encode("utf-8", "surrogatepass")
        return _encode(hmac.digest(key, message, hashlib.sha256))


def reference_in(state: str) -> Reference | None:
    """The sign-in that a state says it is of; whether it is, `Derived.is_state` tells."""
    return read_reference(state.rpartition(".")[0])


def challenge_of(verifier: str) -> str:
    """RFC 7636 §4.2, S256."""
    return _encode(hashlib.sha256(verifier.encode("ascii")).digest())


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(
        one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
    )


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> str | None:
    try:
        tenant = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return None
    # One way to write it only, and no more than a record's name may have.
    return tenant if len(tenant) <= _TENANT_LIMIT and _encode(tenant.encode()) == text else None


__all__ = [
    "Derived",
    "Reference",
    "challenge_of",
    "digest_of",
    "is_same",
    "new_secret",
    "new_ticket",
    "read_reference",
    "read_ticket",
    "reference_in",
]
