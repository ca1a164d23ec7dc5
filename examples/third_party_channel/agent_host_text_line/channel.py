"""The text line channel: its two routes, and who may reach them."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar

from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from agent_host.errors import ConfigurationError, HostError
from agent_host.protocols.channel import ChannelRoute, RouteAccess
from agent_host.protocols.host_context import HostContext
from agent_host.types import Caller, InputRequired, RunStatus
from agent_host_text_line.config import TextLineConfig
from agent_host_text_line.inbound import to_line, to_request, to_socket_request
from agent_host_text_line.link import answer_link
from agent_host_text_line.outbound import from_entry, from_error, from_result
from agent_host_text_line.schema import SIGNATURE_HEADER
from agent_host_text_line.verify import verify


class TextLineChannel:
    """`POST` for the gateway, which signs; a websocket for callers that the host knows."""

    config_type: ClassVar[type[TextLineConfig]] = TextLineConfig

    def __init__(self, config: TextLineConfig | None = None) -> None:
        if config is None:
            raise ConfigurationError("The text line channel needs a secret: set its `secret`.")
        self._config = config

    @property
    def name(self) -> str:
        """The configured name."""
        return self._config.name

    def routes(self, context: HostContext) -> Sequence[ChannelRoute]:
        """Both routes, under the channel's name and the gateway's account."""
        path = f"/{self._config.name}/{self._config.account}"
        limit = self._config.body_limit_bytes

        async def receive(request: Request) -> Response:
            return await self._receive(request, context)

        async def converse(socket: WebSocket) -> None:
            await self._converse(socket, context)

        return [
            ChannelRoute(
                route=Route(path, receive, methods=["POST"]),
                access=RouteAccess.SIGNED,
                body_limit_bytes=limit,
                render_error=render_error,
            ),
            ChannelRoute(
                route=WebSocketRoute(f"{path}/ws", converse),
                access=RouteAccess.CALLER,
                body_limit_bytes=limit,
                render_error=render_error,
            ),
        ]

    @asynccontextmanager
    async def lifespan(self, context: HostContext) -> AsyncGenerator[None]:
        """Nothing has to be open."""
        del context
        yield

    async def _receive(self, request: Request, context: HostContext) -> Response:
        body = await request.body()
        verify(
            body,
            request.headers.get(SIGNATURE_HEADER, ""),
            secrets=self._secrets(),
            account=self._config.account,
            now=context.clock.now(),
        )
        line = to_line(body)
        asked = to_request(line, channel=self.name, account=self._config.account)
        said = await answer_link(context, asked.caller, line.text)
        if said is not None:
            return PlainTextResponse(said)
        hosted = await context.run(asked)
        if hosted.run.status is RunStatus.INPUT_REQUIRED:
            await _give_up(context, asked.caller, hosted.run.id)
        text, status = from_result(hosted)
        return PlainTextResponse(text, status_code=status)

    async def _converse(self, socket: WebSocket, context: HostContext) -> None:
        thread = socket.query_params.get("thread", "main")
        await socket.accept()
        async for text in socket.iter_text():
            try:
                await self._answer(socket, context, text, thread)
            except HostError as error:
                await socket.send_text(from_error(error)[0])

    async def _answer(
        self, socket: WebSocket, context: HostContext, text: str, thread: str
    ) -> None:
        account = self._config.account
        asked = to_socket_request(text, channel=self.name, account=account, thread=thread)
        async with context.stream(asked) as stream:
            async for entry in stream:
                said = from_entry(entry)
                if said is not None:
                    await socket.send_text(said)
                if isinstance(entry.event, InputRequired):
                    await _give_up(context, asked.caller, stream.run.id)
                    return

    def _secrets(self) -> list[str]:
        both = (self._config.secret, self._config.former_secret)
        return [secret.get_secret_value() for secret in both if secret is not None]


async def render_error(connection: HTTPConnection, error: HostError) -> Response:
    """An error in the protocol's own words."""
    del connection
    text, status = from_error(error)
    return PlainTextResponse(text, status_code=status)


async def _give_up(context: HostContext, caller: Caller, run_id: str) -> None:
    # An open question would keep the thread waiting, and a line has no way to answer it.
    await (await context.runs(caller)).cancel(run_id)


__all__ = ["TextLineChannel"]
