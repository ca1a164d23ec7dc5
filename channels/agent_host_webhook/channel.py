"""The webhook channel: one signed route for each endpoint. The work is in the files beside."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent_host.errors import ConfigurationError
from agent_host.protocols.channel import ChannelRoute, RouteAccess
from agent_host.protocols.host_context import HostContext
from agent_host.types import ChannelRequest, HostedResult, RunStatus
from agent_host.wire.json_text import parse_json
from agent_host.wire.reply import JsonReply
from agent_host_webhook.config import EndpointConfig, WebhookConfig
from agent_host_webhook.inbound import to_event
from agent_host_webhook.outbound import from_acceptance, from_ignored, from_result
from agent_host_webhook.verify import verify


class WebhookChannel:
    """Events in: verified, stored, acknowledged, and then worked on."""

    config_type: ClassVar[type[WebhookConfig]] = WebhookConfig

    def __init__(self, config: WebhookConfig | None = None) -> None:
        if config is None or not config.endpoints:
            message = (
                "The webhook channel has no endpoint: set "
                'endpoints = [{ name = "...", secrets = ["..."] }] in [channels.webhook].'
            )
            raise ConfigurationError(message)
        self._config = config

    @property
    def name(self) -> str:
        """The configured name, `webhook` by default."""
        return self._config.name

    def routes(self, context: HostContext) -> Sequence[ChannelRoute]:
        """One for each endpoint."""
        return [self._route(endpoint, context) for endpoint in self._config.endpoints]

    @asynccontextmanager
    async def lifespan(self, context: HostContext) -> AsyncGenerator[None]:
        """Nothing has to be open."""
        del context
        yield

    def _route(self, endpoint: EndpointConfig, context: HostContext) -> ChannelRoute:
        async def receive(request: Request) -> Response:
            return await self._receive(endpoint, request, context)

        path = f"{self._config.path_prefix}/{endpoint.name}"
        return ChannelRoute(
            route=Route(path, receive, methods=["POST"]),
            access=RouteAccess.SIGNED,
            body_limit_bytes=self._config.body_limit_bytes,
        )

    async def _receive(
        self, endpoint: EndpointConfig, request: Request, context: HostContext
    ) -> Response:
        body = await request.body()
        proof = verify(endpoint, body, request.headers, now=context.clock.now())
        parsed = parse_json(body, nesting_limit=self._config.nesting_limit)
        event = to_event(endpoint, parsed, channel=self.name, proof=proof, body=body)
        if event is None:
            text, status = from_ignored()
        elif endpoint.reply == "now":
            hosted = await self._run(event.request, event.key, context)
            text, status = from_result(hosted)
        else:
            text, status = from_acceptance(await context.accept(event.key, event.request))
        return JsonReply(text, status=status)

    async def _run(self, request: ChannelRequest, key: str, context: HostContext) -> HostedResult:
        hosted = await context.run(replace(request, idempotency_key=key))
        if hosted.run.status is RunStatus.INPUT_REQUIRED:
            # Nobody can answer, and the question would keep the conversation waiting.
            await (await context.runs(request.caller)).cancel(hosted.run.id)
        return hosted


__all__ = ["WebhookChannel"]
