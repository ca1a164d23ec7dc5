"""The routes by which whoever operates the host looks after endpoints: those of the configuration,
and what was sent to any.
"""

import logging
from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent_host.errors import NotFoundError
from agent_host.protocols.host_context import HostContext
from agent_host.wire.reply import JsonReply
from agent_host_webhook.config import SubscriberConfig, WebhookConfig
from agent_host_webhook.log_page import page_of
from agent_host_webhook.outbound import from_log, from_subscriber, from_subscribers, from_test
from agent_host_webhook.push import OPERATOR, PEOPLE, WebhookPush, live_secrets

logger = logging.getLogger(__name__)

_BODY_LIMIT_BYTES: Final = 1024
_NO_STORE: Final = [(b"cache-control", b"no-store")]


class OperatorEndpoints:
    """All with the scope `admin`. Endpoints of people are theirs: their log is shown, and a test
    event is sent; nothing of them is changed.
    """

    body_limit_bytes = _BODY_LIMIT_BYTES

    def __init__(self, context: HostContext, config: WebhookConfig, push: WebhookPush) -> None:
        self._context = context
        self._config = config
        self._push = push

    def routes(self) -> list[Route]:
        """Under the channel's name, as there may be several."""
        path = f"/admin/channels/{self._config.name}/endpoints"
        one = f"{path}/{{endpoint_id}}"
        return [
            Route(path, self._collection, methods=["GET"]),
            Route(f"{one}/deliveries", self._deliveries, methods=["GET"]),
            Route(f"{one}/test", self._test, methods=["POST"]),
            Route(f"{one}/enable", self._enable, methods=["POST"]),
        ]

    async def _collection(self, _: Request) -> Response:
        gone = await self._push.operator_book().gone()
        return JsonReply(from_subscribers(self._config.subscribers, gone), headers=_NO_STORE)

    async def _deliveries(self, request: Request) -> Response:
        """What was sent to it. One that nothing was sent to has an empty page, or is none."""
        name = _id_of(request)
        account = PEOPLE if self._push.subscriber(name) is None else OPERATOR
        found = await page_of(self._context, request, self._config.name, account, name)
        return JsonReply(from_log(found), headers=_NO_STORE)

    async def _test(self, request: Request) -> Response:
        name = _id_of(request)
        url, secrets = await self._target(name)
        status = await self._push.test(url, secrets)
        logger.info("an operator had a test event sent to endpoint %s: %d", name, status)
        return JsonReply(from_test(status), headers=_NO_STORE)

    async def _enable(self, request: Request) -> Response:
        subscriber = self._subscriber(_id_of(request))
        book = self._push.operator_book()
        await book.enable(subscriber.name)
        logger.info("an operator enabled endpoint %s", subscriber.name)
        return JsonReply(from_subscriber(subscriber, await book.gone()), headers=_NO_STORE)

    async def _target(self, name: str) -> tuple[str, Sequence[str]]:
        subscriber = self._push.subscriber(name)
        if subscriber is not None:
            return subscriber.url, live_secrets(subscriber)
        # Whose it is, its deliveries say; where nothing was sent yet, its owner can try it.
        sent = await self._context.delivery_log.list(self._config.name, PEOPLE, name, limit=1)
        if not sent.items:
            raise NotFoundError("webhook endpoint")
        one = await self._push.book_of(sent.items[0].delivery.owner).get(name)
        return one.url, one.live_secrets(self._context.clock.now())

    def _subscriber(self, name: str) -> SubscriberConfig:
        found = self._push.subscriber(name)
        if found is None:
            raise NotFoundError("webhook endpoint")
        return found


def _id_of(request: Request) -> str:
    endpoint_id: str = request.path_params["endpoint_id"]
    return endpoint_id


__all__ = ["OperatorEndpoints"]
