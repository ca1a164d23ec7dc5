"""Which of a provider's claims are recorded with a link, and how an account is shown. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from agent_host.errors import SignInError
from agent_host.types.json import JsonObject

LIMIT_BYTES: Final = 16 * 1024
_SHOWN_BY: Final = ("email", "preferred_username", "name")
_SUBJECT_SHOWN: Final = 12


def recorded(claims: Mapping[str, Any], names: Sequence[str]) -> JsonObject:
    """Those that are asked for. An address that the provider did not verify is not one.

    Raises:
        SignInError: they are more than is kept.
    """
    kept = {name: claims[name] for name in names if name in claims}
    if claims.get("email_verified") is not True:
        kept.pop("email", None)
    if len(json.dumps(kept)) > LIMIT_BYTES:
        raise SignInError("claims_too_large")
    return kept


def shown_as(claims: Mapping[str, Any]) -> str:
    """What its owner knows the account by."""
    for name in _SHOWN_BY:
        value = claims.get(name)
        if isinstance(value, str) and value:
            return value
    return str(claims["sub"])[:_SUBJECT_SHOWN]


__all__ = ["LIMIT_BYTES", "recorded", "shown_as"]
