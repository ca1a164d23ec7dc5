"""Lets a caller in, and takes them out again should what they proved cease to hold.

Used by both guards. A request is ended by cancelling its task: that reaches every endpoint, whether
it waits for its target, for its client or for an event that never comes.
"""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, cast

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from agent_host.context import current_principal
from agent_host.errors import InsufficientScopeError, InvalidProofError
from agent_host.protocols.authenticator import Authenticator
from agent_host.protocols.channel import RouteAccess
from agent_host.types.principal import ADMIN_SCOPE, CALL_SCOPE
from agent_host.types.proof import Proof

NEEDED_SCOPES: Final[Mapping[RouteAccess, str]] = MappingProxyType(
    {RouteAccess.CALLER: CALL_SCOPE, RouteAccess.ADMIN: ADMIN_SCOPE}
)
"""What a principal must have for a route. On any other nobody is authenticated by the host."""


class Admission:
    """An application for known principals only: it runs with `current_principal` set."""

    __slots__ = ("_app", "_authenticator", "_needed_scope")

    def __init__(self, app: ASGIApp, *, authenticator: Authenticator, needed_scope: str) -> None:
        self._app = app
        self._authenticator = authenticator
        self._needed_scope = needed_scope

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or one websocket.

        Raises:
            UnauthenticatedError: nobody knows who it is; or its proof ended, now or meanwhile.
            InsufficientScopeError: it may not come here.
        """
        found = await self._authenticator.authenticate(HTTPConnection(scope))
        proof = found if isinstance(found, Proof) else None
        principal = found.principal if isinstance(found, Proof) else found
        if self._needed_scope not in principal.scopes:
            raise InsufficientScopeError(self._needed_scope)
        stay = None if proof is None else _Stay(proof)
        token = current_principal.set(principal)
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            if stay is None or not stay.take_back():
                raise
            raise _no_longer_valid() from None
        finally:
            current_principal.reset(token)
            if stay is not None:
                stay.leave()


class _Stay:
    """One request that goes on, for as long as a proof holds."""

    __slots__ = ("_before", "_ended", "_proof", "_task")

    def __init__(self, proof: Proof) -> None:
        if proof.ended:
            raise _no_longer_valid()
        self._ended = False
        self._proof = proof
        self._task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._before = self._task.cancelling()
        proof.watch(self._end)

    def take_back(self) -> bool:
        """For a cancellation that came out of the endpoint: whether the proof's end is all that it
        is about. Something else may be said then; otherwise the cancellation must go on.
        """
        if not self._ended:
            return False
        self._ended = False
        return self._task.uncancel() <= self._before

    def leave(self) -> None:
        self._proof.unwatch(self._end)
        if self._ended:
            self._task.uncancel()  # the endpoint kept the cancellation to itself

    def _end(self) -> None:
        self._ended = True
        self._task.cancel()


def admitting(app: ASGIApp, *, authenticator: Authenticator, access: RouteAccess) -> ASGIApp:
    """The application for those whom `access` lets in; itself, where the host asks for no proof."""
    needed_scope = NEEDED_SCOPES.get(access)
    if needed_scope is None:
        return app
    return Admission(app, authenticator=authenticator, needed_scope=needed_scope)


def _no_longer_valid() -> InvalidProofError:
    return InvalidProofError("The credential is no longer valid.")


__all__ = ["NEEDED_SCOPES", "Admission", "admitting"]
