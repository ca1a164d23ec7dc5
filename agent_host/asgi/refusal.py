"""Turns an error that ended a request into the response that says so, in the route's own words.

Always comes up with a response: a renderer that fails itself is replaced by problem+json.
"""

import logging
from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Scope

from agent_host.asgi.errors import InternalError, answer_for
from agent_host.asgi.problem import problem_response, render_problem, to_caller_error
from agent_host.errors import (
    HostError,
    InsufficientScopeError,
    InvalidProofError,
    UnauthenticatedError,
)
from agent_host.protocols.authenticator import Authenticator
from agent_host.protocols.channel import RenderError

_logger = logging.getLogger(__name__)

_CLOSE_INTERNAL_ERROR: Final = 1011
_CLOSE_PRIVATE: Final = 4000  # RFC 6455 §7.4.2: from here on, by agreement between the two sides


class Refusal:
    """How one route says no. `render_error` None is problem+json."""

    __slots__ = ("_authenticator", "_render_error")

    def __init__(
        self, *, authenticator: Authenticator, render_error: RenderError | None = None
    ) -> None:
        self._authenticator = authenticator
        self._render_error = render_error or render_problem

    async def response(self, scope: Scope, error: Exception) -> Response:
        """The response for `error`; what the caller is not told is in the log.

        A 401 always carries the challenge that RFC 9110 §15.5.2 asks for, with the error codes of
        RFC 6750 §3.1, as has a 403 for want of a scope.
        """
        told = to_caller_error(error)
        try:
            response = await self._render_error(HTTPConnection(scope), told)
        except Exception:
            _logger.exception("an error could not be rendered, %s", told.code)
            response = problem_response(told)
        challenge = self._challenge(told)
        if challenge is not None:
            response.headers.setdefault("www-authenticate", challenge)
        return response

    def close_code(self, error: Exception) -> tuple[int, str]:
        """The same for a websocket that is open: 4000 plus the HTTP status, and the error's code.

        What only the operator can mend is 1011, with the correlation id.
        """
        told = to_caller_error(error)
        if isinstance(told, InternalError):
            return _CLOSE_INTERNAL_ERROR, told.correlation_id
        return _CLOSE_PRIVATE + answer_for(told).status, told.code

    def _challenge(self, told: HostError) -> str | None:
        challenge = self._authenticator.challenge
        if isinstance(told, InsufficientScopeError):
            return with_parameters(challenge, error="insufficient_scope", scope=told.scope)
        if isinstance(told, InvalidProofError):
            return with_parameters(challenge, error="invalid_token")
        return challenge if isinstance(told, UnauthenticatedError) else None


def with_parameters(challenge: str, **parameters: str) -> str:
    """The challenge with more parameters; none of their values has a quote or a backslash."""
    added = ", ".join(f'{name}="{value}"' for name, value in parameters.items())
    return f"{challenge}, {added}" if "=" in challenge else f"{challenge} {added}"


__all__ = ["Refusal", "with_parameters"]
