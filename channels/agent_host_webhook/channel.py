"""The webhook channel: one signed route for each endpoint. The work is in the files beside."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent_host.errors import ConfigurationError, UnsafeUrlError
from agent_host.protocols.channel import ChannelRoute, RouteAccess
from agent_host.protocols.host_context import HostContext
from agent_host.types import Acceptance, Caller, ChannelRequest, HostedResult, RunStatus
from agent_host.wire.json_text import parse_json
from agent_host.wire.reply import JsonReply
from agent_host_webhook.config import EndpointConfig, WebhookConfig
from agent_host_webhook.inbound import to_event, unparsed_key
from agent_host_webhook.operator_route import OperatorEndpoints
from agent_host_webhook.outbound import from_acceptance, from_ignored, from_result
from agent_host_webhook.push import WebhookPush
from agent_host_webhook.sign import check_installed
from agent_host_webhook.subscription_route import SubscriptionEndpoints
from agent_host_webhook.verify import Proof, verify


class WebhookChannel:
    """Events in: verified, stored, acknowledged, and then worked on."""

    config_type: ClassVar[type[WebhookConfig]] = WebhookConfig

    def __init__(self, config: WebhookConfig | None = None) -> None:
        if config is None or not (config.endpoints or config.subscribers or config.subscriptions):
            message = (
                "The webhook channel has nothing to do: set "
                'endpoints = [{ name = "...", secrets = ["..."] }] in [channels.webhook], or '
                "subscribers, or subscriptions = true."
            )
            raise ConfigurationError(message)
        check_installed()
        self._config = config
        self._push = WebhookPush(config)

    @property
    def name(self) -> str:
        """The configured name, `webhook` by default."""
        return self._config.name

    @property
    def push(self) -> WebhookPush | None:
        """Sends to subscribers, where there may be any."""
        if self._config.subscribers or self._config.subscriptions:
            return self._push
        return None

    def routes(self, context: HostContext) -> Sequence[ChannelRoute]:
        """One for each endpoint that events are posted to; those for subscriptions; and those for
        whoever operates the host.
        """
        routes = [self._route(endpoint, context) for endpoint in self._config.endpoints]
        if self.push is not None:
            operators = OperatorEndpoints(context, self._config, self._push)
            routes += [
                ChannelRoute(
                    route=route,
                    access=RouteAccess.ADMIN,
                    body_limit_bytes=operators.body_limit_bytes,
                )
                for route in operators.routes()
            ]
        if self._config.subscriptions:
            subscriptions = SubscriptionEndpoints(context, self._config, self._push)
            routes += [
                ChannelRoute(
                    route=route,
                    access=RouteAccess.CALLER,
                    body_limit_bytes=subscriptions.body_limit_bytes,
                )
                for route in subscriptions.routes()
            ]
        return routes

    @asynccontextmanager
    async def lifespan(self, context: HostContext) -> AsyncGenerator[None]:
        """The operator's endpoints are ones that may be sent to, or it does not start.

        Raises:
            ConfigurationError: one is not.
        """
        self._push.open(context)
        for subscriber in self._config.subscribers:
            try:
                await context.outbound.check(subscriber.url)
            except UnsafeUrlError as error:
                message = f"The subscriber {subscriber.name!r} of [channels.webhook]: {error}"
                raise ConfigurationError(message) from error
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
        before = await self._taken_before(endpoint, body, proof, context)
        if before is not None:
            text, status = from_acceptance(before)
            return JsonReply(text, status=status)
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

    async def _taken_before(
        self, endpoint: EndpointConfig, body: bytes, proof: Proof, context: HostContext
    ) -> Acceptance | None:
        """What the sender was told of this event before, where that needs no look into its body."""
        key = unparsed_key(endpoint, proof, body)
        if key is None or endpoint.reply == "now":
            return None
        return await context.taken_before(key, Caller(channel=self.name, account=endpoint.name))

    async def _run(self, request: ChannelRequest, key: str, context: HostContext) -> HostedResult:
        hosted = await context.run(replace(request, idempotency_key=key))
        if hosted.run.status is RunStatus.INPUT_REQUIRED:
            # Nobody can answer, and the question would keep the conversation waiting.
            await (await context.runs(request.caller)).cancel(hosted.run.id)
        return hosted


__all__ = ["WebhookChannel"]
