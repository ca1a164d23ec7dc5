"""Signatures of what is sent: Standard Webhooks 1.0.0, symmetric (https://www.standardwebhooks.com).

All live secrets sign, so that a receiver can change over when it likes.
"""

import base64
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from agent_host_webhook.verify import standard_signature

_SECRET_BYTES: Final = 32


def new_secret() -> str:
    """256 random bits, `whsec_` and Base64."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"


def sign(body: bytes, *, event_id: str, at: datetime, keys: Sequence[str]) -> Mapping[str, str]:
    """The three headers. `event_id` stays the same over all attempts; the time does not."""
    seconds = str(int(at.timestamp()))
    signatures = [standard_signature(key, event_id, seconds, body) for key in keys]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


__all__ = ["new_secret", "sign"]
