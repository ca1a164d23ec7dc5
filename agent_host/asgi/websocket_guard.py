"""The guard of a websocket route: the same rules as for HTTP, in the terms of RFC 6455.

Built by `guard.py` only.
"""

import logging
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from agent_host.asgi.admission import admitting
from agent_host.asgi.refusal import Refusal
from agent_host.errors import TooLargeError
from agent_host.protocols.authenticator import Authenticator
from agent_host.protocols.channel import RouteAccess

_logger = logging.getLogger(__name__)

_DENIAL = "websocket.http.response"


class WebSocketGuard:
    """The ASGI application of one guarded websocket route.

    An error before the handshake was answered refuses it, with a response where the server can
    send one (its denial extension); an error after it closes the socket with a code that says why,
    as does the end of the caller's proof.
    """

    __slots__ = ("_app", "_message_limit_bytes", "_refusal", "access")

    def __init__(
        self,
        app: ASGIApp,
        *,
        access: RouteAccess,
        authenticator: Authenticator,
        body_limit_bytes: int,
        refusal: Refusal,
    ) -> None:
        self._app = admitting(app, authenticator=authenticator, access=access)
        self.access = access
        self._message_limit_bytes = body_limit_bytes
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        limit = self._message_limit_bytes
        last_sent = ""

        async def receive_within_limit() -> Message:
            message = await receive()
            if _size(message) > limit:
                text = f"The message is larger than the {limit} bytes that are accepted here."
                raise TooLargeError(text)
            return message

        def send_and_note(message: Message) -> Awaitable[None]:
            nonlocal last_sent
            last_sent = message["type"]
            return send(message)

        try:
            await self._app(scope, receive_within_limit, send_and_note)
        except WebSocketDisconnect:
            _logger.debug("a client closed its websocket")
        except Exception as error:
            with suppress(OSError):  # the client has left; nobody is there to be told
                if not last_sent:
                    await self._refuse(error, scope, receive, send)
                elif last_sent in {"websocket.accept", "websocket.send"}:
                    await send(self._close(error))
                else:
                    _logger.exception("the endpoint of a closed websocket failed")

    async def _refuse(self, error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
        if _DENIAL in scope.get("extensions", {}):
            response = await self._refusal.response(scope, error)
            await response(scope, receive, send)
        else:
            await send(self._close(error))

    def _close(self, error: Exception) -> dict[str, Any]:
        code, reason = self._refusal.close_code(error)
        return {"type": "websocket.close", "code": code, "reason": reason}


def _size(message: Message) -> int:
    text: str | None = message.get("text")
    if text is not None:
        return len(text.encode())
    return len(message.get("bytes") or b"")


__all__ = ["WebSocketGuard"]
