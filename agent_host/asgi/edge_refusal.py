"""How the edge says no, before a route with words of its own is known: as problem+json.

A websocket's handshake is refused with the same response where the server can send one (ASGI's
denial extension), else with a close code that says the same.
"""

from typing import Final

from starlette.types import Receive, Scope, Send

from agent_host.asgi.errors import answer_for
from agent_host.asgi.problem import problem_response
from agent_host.errors import HostError

_DENIAL: Final = "websocket.http.response"
_CLOSE_PRIVATE: Final = 4000  # RFC 6455 §7.4.2: from here on, by agreement between the two sides


async def refuse(error: HostError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer the request with the error."""
    if scope["type"] == "http" or _DENIAL in scope.get("extensions", {}):
        await problem_response(error)(scope, receive, send)
        return
    code = _CLOSE_PRIVATE + answer_for(error).status
    await send({"type": "websocket.close", "code": code, "reason": error.code})


__all__ = ["refuse"]
