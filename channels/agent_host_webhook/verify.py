"""Whether an event is its sender's: signatures over the raw bytes, compared in constant time.

Standard Webhooks 1.0.0 (https://www.standardwebhooks.com), GitHub
(https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries), Stripe
(https://docs.stripe.com/webhooks#verify-manually), HMAC as configured, a bearer token.
Everything is looked at before anything is parsed. All secrets are tried, so that the time it takes
does not tell which one fits.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from agent_host.errors import UnauthenticatedError
from agent_host_webhook.config import EndpointConfig
from agent_host_webhook.sign import signature_of

_SECONDS: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_ID: Final = re.compile(r"[\x21-\x7e]{1,256}", re.ASCII)
_SIGNATURES_LIMIT: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The event is its sender's. `event_id` is the sender's own, where it was signed with it."""

    event_id: str | None = None


class _Posted(NamedTuple):
    endpoint: EndpointConfig
    secrets: Sequence[str]
    body: bytes
    headers: Mapping[str, str]
    now: datetime

    def is_near(self, seconds: str) -> bool:
        """Whether a time that was signed is about now."""
        if not _SECONDS.fullmatch(seconds):
            return False
        off = abs(self.now.timestamp() - int(seconds))
        return off <= self.endpoint.tolerance.total_seconds()


def verify(
    endpoint: EndpointConfig, body: bytes, headers: Mapping[str, str], *, now: datetime
) -> Proof:
    """What was proved. `headers` finds names in lower case.

    Raises:
        UnauthenticatedError: nothing was: no, wrong, old or unknown signature. It says not which.
    """
    secrets = [secret.get_secret_value() for secret in endpoint.secrets]
    proof = _VERIFIERS[endpoint.scheme](_Posted(endpoint, secrets, body, headers, now))
    if proof is None:
        raise UnauthenticatedError("The event is not signed by its sender, or it is too old.")
    return proof


def _standard(posted: _Posted) -> Proof | None:
    event_id = posted.headers.get("webhook-id", "")
    seconds = posted.headers.get("webhook-timestamp", "")
    if not _ID.fullmatch(event_id) or not posted.is_near(seconds):
        return None
    sent = [
        signature.removeprefix("v1,")
        for signature in posted.headers.get("webhook-signature", "").split(" ")[:_SIGNATURES_LIMIT]
        if signature.startswith("v1,")
    ]
    try:
        made = [signature_of(one, event_id, int(seconds), posted.body) for one in posted.secrets]
    except UnicodeDecodeError:
        return None
    return Proof(event_id=event_id) if _any_equal(sent, made) else None


def _github(posted: _Posted) -> Proof | None:
    # Neither a time nor the delivery's id is signed.
    sent = posted.headers.get("x-hub-signature-256", "")
    made = [f"sha256={_hmac(secret.encode(), posted.body).hex()}" for secret in posted.secrets]
    return Proof() if _any_equal([sent], made) else None


def _stripe(posted: _Posted) -> Proof | None:
    pairs = [pair.partition("=") for pair in posted.headers.get("stripe-signature", "").split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    sent = [value for name, _, value in pairs if name == "v1"][:_SIGNATURES_LIMIT]
    if len(times) != 1 or not posted.is_near(times[0]):
        return None
    signed = b"%b.%b" % (times[0].encode(), posted.body)
    made = [_hmac(secret.encode(), signed).hex() for secret in posted.secrets]
    return Proof() if _any_equal(sent, made) else None


def _configured(posted: _Posted) -> Proof | None:
    how = posted.endpoint.hmac
    if how is None:  # the configuration sees to it that it is there
        return None
    signed = posted.body
    if how.timestamp_header is not None:
        seconds = posted.headers.get(how.timestamp_header.lower(), "")
        if not posted.is_near(seconds):
            return None
        signed = b"%b.%b" % (seconds.encode(), posted.body)
    digests = [_hmac(secret.encode(), signed, how.algorithm) for secret in posted.secrets]
    encode = bytes.hex if how.encoding == "hex" else _base64
    made = [how.prefix + encode(digest) for digest in digests]
    sent = posted.headers.get(how.header.lower(), "")
    return Proof() if _any_equal([sent], made) else None


def _bearer(posted: _Posted) -> Proof | None:
    scheme, _, sent = posted.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    return Proof() if _any_equal([sent.strip()], posted.secrets) else None


def _any_equal(sent: Sequence[str], made: Sequence[str]) -> bool:
    matches = [
        hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())
        for one in sent
        for other in made
    ]
    return any(matches)  # every pair is compared, whatever the first ones say


def _hmac(key: bytes, signed: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.new(key, signed, algorithm).digest()


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def body_digest(body: bytes) -> str:
    """What stands for a body where an event has no id."""
    return hashlib.sha256(body).hexdigest()


_Verifier = Callable[[_Posted], Proof | None]

_VERIFIERS: Final[Mapping[str, _Verifier]] = {
    "standard": _standard,
    "github": _github,
    "stripe": _stripe,
    "hmac": _configured,
    "bearer": _bearer,
}

__all__ = ["Proof", "body_digest", "verify"]
