"""The routes by which callers say where they want to hear of their runs."""

from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent_host.protocols.host_context import HostContext
from agent_host.types import Caller
from agent_host.wire.json_text import parse_json
from agent_host.wire.reply import JsonReply
from agent_host_webhook.config import WebhookConfig
from agent_host_webhook.inbound import to_subscription
from agent_host_webhook.outbound import (
    from_subscription,
    from_subscriptions,
    from_test,
    to_test_body,
)
from agent_host_webhook.push import WebhookPush
from agent_host_webhook.sign import new_secret
from agent_host_webhook.subscription_book import SubscriptionBook

_PREFIX: Final = "whe_"
_BODY_LIMIT_BYTES: Final = 8 * 1024


class SubscriptionEndpoints:
    """Owner-scoped: somebody else's endpoint is a missing one."""

    body_limit_bytes = _BODY_LIMIT_BYTES

    def __init__(self, context: HostContext, config: WebhookConfig, push: WebhookPush) -> None:
        self._context = context
        self._config = config
        self._push = push

    def routes(self) -> list[Route]:
        """All for callers."""
        path = self._config.subscriptions_path
        one = f"{path}/{{endpoint_id}}"
        return [
            Route(path, self._collection, methods=["GET", "POST"]),
            Route(one, self._item, methods=["GET", "DELETE"]),
            Route(f"{one}/rotate", self._rotate, methods=["POST"]),
            Route(f"{one}/disable", self._disable, methods=["POST"]),
            Route(f"{one}/enable", self._enable, methods=["POST"]),
            Route(f"{one}/test", self._test, methods=["POST"]),
        ]

    async def _collection(self, request: Request) -> Response:
        book = await self._book("list" if request.method == "GET" else "create")
        if request.method == "GET":
            return JsonReply(from_subscriptions(await book.all()))
        parsed = parse_json(await request.body(), nesting_limit=self._config.nesting_limit)
        wanted = to_subscription(
            parsed,
            subscription_id=self._context.ids.new(_PREFIX),
            secret=new_secret(),
            now=self._now(),
        )
        await self._context.outbound.check(wanted.url)
        if wanted.run_id is not None:
            await (await self._context.runs(self._caller("create"))).get(wanted.run_id)
        await book.add(wanted)
        location = f"{self._config.subscriptions_path}/{wanted.id}".encode()
        return JsonReply(
            from_subscription(wanted, with_secret=True),
            status=HTTPStatus.CREATED,
            headers=[(b"location", location)],
        )

    async def _item(self, request: Request) -> Response:
        if request.method == "DELETE":
            book = await self._book("delete")
            await book.remove(_id_of(request), now=self._now())
            return Response(status_code=HTTPStatus.NO_CONTENT)
        book = await self._book("get")
        return JsonReply(from_subscription(await book.get(_id_of(request))))

    async def _rotate(self, request: Request) -> Response:
        book, now = await self._book("rotate"), self._now()
        secret = new_secret()
        one = await book.update(
            _id_of(request), lambda before: before.rotated(secret, now), now=now
        )
        return JsonReply(from_subscription(one, with_secret=True))

    async def _disable(self, request: Request) -> Response:
        return await self._switch(request, "disable", self._now())

    async def _enable(self, request: Request) -> Response:
        return await self._switch(request, "enable", None)

    async def _switch(
        self, request: Request, operation: str, disabled_at: datetime | None
    ) -> Response:
        book = await self._book(operation)
        one = await book.update(
            _id_of(request),
            lambda before: replace(before, disabled_at=disabled_at),
            now=self._now(),
        )
        return JsonReply(from_subscription(one))

    async def _test(self, request: Request) -> Response:
        """Send an event now, once, and say what came back: a receiver is tried before it counts."""
        book, now = await self._book("test"), self._now()
        one = await book.get(_id_of(request))
        body = to_test_body(at=now)
        event_id = self._context.ids.new("evt_")
        answer = await self._push.send(
            one.url, one.live_secrets(now), body, event_id=event_id, now=now
        )
        return JsonReply(from_test(answer.status))

    async def _book(self, operation: str) -> SubscriptionBook:
        return self._push.book(await self._context.records(self._caller(operation)))

    def _caller(self, operation: str) -> Caller:
        return Caller(channel=self._config.name, operation=operation)

    def _now(self) -> datetime:
        return self._context.clock.now()


def _id_of(request: Request) -> str:
    endpoint_id: str = request.path_params["endpoint_id"]
    return endpoint_id


__all__ = ["SubscriptionEndpoints"]
