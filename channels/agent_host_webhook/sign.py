"""Signatures of Standard Webhooks 1.0.0, symmetric (https://www.standardwebhooks.com), both ways.

Made by the standard's own package: this is the one file that talks to it. Its `verify` is not used,
as that has a clock and a tolerance of its own: what was sent to us is held against the signature
that the package makes, within the endpoint's tolerance by the host's clock.

All live secrets sign, so that a receiver can change over when it likes.
"""

import base64
import binascii
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from agent_host.errors import MissingExtraError

if TYPE_CHECKING:
    from standardwebhooks.webhooks import Webhook

_SECRET_BYTES: Final = 32
_SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what a secret looks like


def check_installed() -> None:
    """Return if signatures can be made.

    Raises:
        MissingExtraError: the package is not installed.
    """
    _signer(b"any key")


def new_secret() -> str:
    """256 random bits, `whsec_` and Base64."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"


def sign(body: bytes, *, event_id: str, at: datetime, keys: Sequence[str]) -> Mapping[str, str]:
    """The three headers. `event_id` stays the same over all attempts; the time does not."""
    seconds = int(at.timestamp())
    signatures = [signature_of(key, event_id, seconds, body) for key in keys]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def signature_of(secret: str, event_id: str, seconds: int, body: bytes) -> str:
    """What stands behind `v1,`.

    Raises:
        UnicodeDecodeError: the body is no text, which nothing that is signed is.
    """
    at = datetime.fromtimestamp(seconds, UTC)
    signed = _signer(_key(secret)).sign(event_id, at, body.decode())
    return signed.removeprefix("v1,")


def _signer(key: bytes) -> "Webhook":
    try:
        from standardwebhooks.webhooks import Webhook  # noqa: PLC0415 - optional
    except ImportError as error:
        raise MissingExtraError("webhook", "The webhook channel") from error
    return Webhook(key)


def _key(secret: str) -> bytes:
    """The key of a secret, `whsec_` and Base64; of any other text, its bytes."""
    if secret.startswith(_SECRET_PREFIX):
        encoded = secret.removeprefix(_SECRET_PREFIX)
        try:
            found = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        except binascii.Error:
            found = b""
        if found:
            return found
    return secret.encode()


__all__ = ["check_installed", "new_secret", "sign", "signature_of"]
