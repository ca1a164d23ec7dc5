"""Serves a host's application on Hypercorn, once its address is one that it may be served at.

The server is imported by those who serve, as all others would pay for it at every start.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from agent_host.asgi.bind import check_bind
from agent_host.protocols.authenticator import Authenticator

if TYPE_CHECKING:
    from agent_host.asgi.server import ServerOptions
    from agent_host.authentication.operator_door import OperatorDoor


class HostServer:
    """One per host. `on_stopping` is called before the last requests are waited for."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        authenticator: Authenticator,
        door: "OperatorDoor | None",
        on_stopping: Callable[[], None],
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._door = door
        self._on_stopping = on_stopping

    async def serve(
        self,
        options: "ServerOptions | None",
        *,
        insecure: bool,
        shutdown: asyncio.Event | None,
        on_listening: Callable[[str], None] | None,
    ) -> None:
        """Serve within a loop that runs already."""
        from agent_host.asgi.server import ServerOptions, serve  # noqa: PLC0415 - see the top

        options = options or ServerOptions()
        self.check_bind(options.host, insecure=insecure)
        await serve(
            self._app,
            options,
            shutdown=shutdown,
            on_listening=self._opening(on_listening),
            on_stopping=self._on_stopping,
        )

    def run(
        self,
        options: "ServerOptions | None",
        *,
        insecure: bool,
        on_listening: Callable[[str], None] | None,
    ) -> None:
        """Serve on a new event loop."""
        from agent_host.asgi.server import ServerOptions, run_server  # noqa: PLC0415 - see the top

        options = options or ServerOptions()
        self.check_bind(options.host, insecure=insecure)
        run_server(
            self._app,
            options,
            on_listening=self._opening(on_listening),
            on_stopping=self._on_stopping,
        )

    def check_bind(self, host: str, *, insecure: bool) -> None:
        """Refuse a public address where nobody has to prove who they are.

        Raises:
            ConfigurationError: it is one, and `insecure` does not allow it.
        """
        check_bind(host, authenticator=self._authenticator, insecure=insecure)

    def _opening(self, on_listening: Callable[[str], None] | None) -> Callable[[str], None] | None:
        return on_listening if self._door is None else self._door.opening(on_listening)


__all__ = ["HostServer"]
