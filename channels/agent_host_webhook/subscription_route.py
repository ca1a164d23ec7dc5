"""The routes by which callers say where they want to hear of their runs."""

from datetime import datetime
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent_host.errors import NotFoundError
from agent_host.protocols.host_context import HostContext, RunView
from agent_host.types import Caller
from agent_host.wire.json_text import parse_json
from agent_host.wire.reply import JsonReply
from agent_host_webhook.config import WebhookConfig
from agent_host_webhook.inbound import to_subscription
from agent_host_webhook.log_page import page_of
from agent_host_webhook.outbound import (
    from_log,
    from_subscription,
    from_subscriptions,
    from_test,
)
from agent_host_webhook.push import PEOPLE, WebhookPush
from agent_host_webhook.sign import new_secret
from agent_host_webhook.subscription import Subscription
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
            Route(f"{one}/deliveries", self._deliveries, methods=["GET"]),
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
            hears_starts=self._config.subscriptions_hear_starts,
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
            await book.remove(_id_of(request))
            return Response(status_code=HTTPStatus.NO_CONTENT)
        book = await self._book("get")
        return JsonReply(from_subscription(await book.get(_id_of(request))))

    async def _rotate(self, request: Request) -> Response:
        book, now = await self._book("rotate"), self._now()
        secret = new_secret()
        one = await book.update(_id_of(request), lambda before: before.rotated(secret, now))
        return JsonReply(from_subscription(one, with_secret=True))

    async def _disable(self, request: Request) -> Response:
        book, now = await self._book("disable"), self._now()
        one = await book.update(_id_of(request), lambda before: before.disabled("owner", now))
        return JsonReply(from_subscription(one))

    async def _enable(self, request: Request) -> Response:
        book = await self._book("enable")
        return JsonReply(
            from_subscription(await book.update(_id_of(request), Subscription.enabled))
        )

    async def _test(self, request: Request) -> Response:
        """Send an event now, once, and say what came back: a receiver is tried before it counts."""
        one = await (await self._book("test")).get(_id_of(request))
        return JsonReply(from_test(await self._push.test(one.url, one.live_secrets(self._now()))))

    async def _deliveries(self, request: Request) -> Response:
        """What was sent to it, newest first, and how each attempt ended."""
        one = await (await self._book("deliveries")).get(_id_of(request))
        found = await page_of(self._context, request, self._config.name, PEOPLE, one.id)
        return JsonReply(from_log(found))

    async def _book(self, operation: str) -> SubscriptionBook:
        """The caller's endpoints. Those for runs that are not kept any more are gone with them."""
        caller = self._caller(operation)
        book = self._push.book(await self._context.records(caller))
        bound = [one for one in await book.all() if one.run_id is not None]
        if bound:
            runs = await self._context.runs(caller)
            left = [one.id for one in bound if not await _is_kept(runs, one.run_id)]
            if left:
                await book.drop(left)
        return book

    def _caller(self, operation: str) -> Caller:
        return Caller(channel=self._config.name, operation=operation)

    def _now(self) -> datetime:
        return self._context.clock.now()


async def _is_kept(runs: RunView, run_id: str | None) -> bool:
    try:
        await runs.get(run_id or "")
    except NotFoundError:
        return False
    return True


def _id_of(request: Request) -> str:
    endpoint_id: str = request.path_params["endpoint_id"]
    return endpoint_id


__all__ = ["SubscriptionEndpoints"]
