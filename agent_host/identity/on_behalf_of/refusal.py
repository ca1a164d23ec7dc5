"""From what an authorization server says no with to an error of ours (RFC 6749 §5.2, RFC 8693
§2.2.2, OpenID Connect Core 1.0 §3.1.2.6). Pure. The server's own text goes nowhere.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

from agent_host.errors import (
    ConsentRequiredError,
    ExchangeUnavailableError,
    InteractionRequiredError,
    InvalidGrantError,
    OnBehalfOfError,
)

_INTERACTION: Final = frozenset(
    {"account_selection_required", "interaction_required", "login_required", "mfa_required"}
)
_LATER: Final = frozenset({"server_error", "slow_down", "temporarily_unavailable"})

# https://learn.microsoft.com/entra/identity-platform/reference-error-codes
_ENTRA_CONSENT: Final = frozenset({65001, 65004, 90094})
_ENTRA_INTERACTION: Final = frozenset({50072, 50074, 50076, 50079, 50158, 53000, 53003})


def refusal(answer: Mapping[str, Any]) -> OnBehalfOfError:
    """The error for an answer without a token."""
    error = answer.get("error")
    entra: object = answer.get("error_codes")
    codes = cast("list[object]", entra) if isinstance(entra, list) else []
    if error == "consent_required" or answer.get("suberror") == "consent_required":
        return ConsentRequiredError()
    if any(code in _ENTRA_CONSENT for code in codes):
        return ConsentRequiredError()
    if error in _INTERACTION or any(code in _ENTRA_INTERACTION for code in codes):
        claims = answer.get("claims")
        return InteractionRequiredError(claims if isinstance(claims, str) else None)
    if error in _LATER:
        return ExchangeUnavailableError()
    return InvalidGrantError()


__all__ = ["refusal"]
