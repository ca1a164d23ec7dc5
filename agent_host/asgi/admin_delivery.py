"""`/admin/deliveries` and `/admin/deliver`, for callers with the scope `admin` only.

What is shown of a delivery stands in `admin_delivery_json.py`. Every change is in the log.
"""

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent_host.asgi.admin_delivery_json import delivery_json, to_order
from agent_host.asgi.admin_query import AdminQuery, delivery_id_of
from agent_host.asgi.admin_run import BODY_LIMIT_BYTES, NO_STORE
from agent_host.asgi.audit import audited
from agent_host.protocols.channel import ChannelRoute, RouteAccess
from agent_host.protocols.delivery import Deliverer, DeliveryOperator
from agent_host.types.delivery import Delivery

MESSAGE_LIMIT_BYTES: Final = 256 * 1024


class AdminDeliveries:
    """List, show, cancel, replay, purge; and send."""

    def __init__(self, operator: DeliveryOperator, deliverer: Deliverer) -> None:
        self._operator = operator
        self._deliverer = deliverer

    def routes(self) -> tuple[ChannelRoute, ...]:
        """To be guarded and mounted like a channel's. No delivery's id is `replay` or `purge`."""
        return tuple(
            ChannelRoute(
                route=Route(f"/admin/{path}", endpoint, methods=[method]),
                access=RouteAccess.ADMIN,
                body_limit_bytes=(MESSAGE_LIMIT_BYTES if path == "deliver" else BODY_LIMIT_BYTES),
            )
            for method, path, endpoint in (
                ("POST", "deliver", self.deliver),
                ("GET", "deliveries", self.list),
                ("POST", "deliveries/replay", self.replay_all),
                ("POST", "deliveries/purge", self.purge_all),
                ("GET", "deliveries/{id}", self.show),
                ("DELETE", "deliveries/{id}", self.purge),
                ("POST", "deliveries/{id}/replay", self.replay),
                ("POST", "deliveries/{id}/cancel", self.cancel),
            )
        )

    async def deliver(self, request: Request) -> Response:
        """Send a message that nobody has asked for: what became of it is asked for by its id."""
        AdminQuery(request)
        order = to_order(await request.body())
        work = self._deliverer.deliver(
            order.message,
            to=order.to,
            target=order.target,
            at=order.at,
            idempotency_key=order.idempotency_key,
        )
        sent = await audited(work, action="delivery.send", subject=order.kind)
        shown = [delivery_json(delivery) for delivery in sent]
        return JSONResponse(
            {"deliveries": shown}, status_code=HTTPStatus.ACCEPTED, headers=NO_STORE
        )

    async def list(self, request: Request) -> Response:
        """`?status=&run=&after=&limit=`: a page, newest first; of one run, oldest first."""
        query = AdminQuery(request, "status", "run", "after", "limit")
        page = await self._operator.list(
            status=query.delivery_status(),
            run_id=query.run(),
            cursor=query.cursor("after"),
            limit=query.limit(),
        )
        deliveries = [delivery_json(delivery) for delivery in page.items]
        return JSONResponse(
            {"deliveries": deliveries, "next_cursor": page.next_cursor}, headers=NO_STORE
        )

    async def show(self, request: Request) -> Response:
        """One, with its attempts."""
        AdminQuery(request)
        return _one(await self._operator.show(delivery_id_of(request)))

    async def cancel(self, request: Request) -> Response:
        """Let it never be attempted; the delivery as it is then."""
        AdminQuery(request)
        delivery_id = delivery_id_of(request)
        work = self._operator.cancel(delivery_id)
        return _one(await audited(work, action="delivery.cancel", subject=delivery_id))

    async def replay(self, request: Request) -> Response:
        """Have it begin anew, under its own id; the delivery as it is then."""
        AdminQuery(request)
        delivery_id = delivery_id_of(request)
        work = self._operator.replay(delivery_id)
        return _one(await audited(work, action="delivery.replay", subject=delivery_id))

    async def purge(self, request: Request) -> Response:
        """Forget it and what it carries."""
        AdminQuery(request)
        delivery_id = delivery_id_of(request)
        work = self._operator.purge(delivery_id)
        await audited(work, action="delivery.purge", subject=delivery_id)
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=NO_STORE)

    async def replay_all(self, request: Request) -> Response:
        """`?status=&channel=`: replay those that are dead or unknown now; how many.

        They are done before the answer comes, whether or not the client waits for it.
        """
        query = AdminQuery(request, "status", "channel")
        status, channel = query.letter_status(), query.channel()
        work = self._operator.replay_all(status=status, channel=channel)
        subject = f"status={status} channel={channel!r}"
        count = await audited(work, action="delivery.replay_all", subject=subject)
        return JSONResponse({"replayed": count}, headers=NO_STORE)

    async def purge_all(self, request: Request) -> Response:
        """`?status=&channel=`: forget those that are dead or unknown now; how many."""
        query = AdminQuery(request, "status", "channel")
        status, channel = query.letter_status(), query.channel()
        work = self._operator.purge_all(status=status, channel=channel)
        subject = f"status={status} channel={channel!r}"
        count = await audited(work, action="delivery.purge_all", subject=subject)
        return JSONResponse({"purged": count}, headers=NO_STORE)


def _one(delivery: Delivery) -> Response:
    return JSONResponse(delivery_json(delivery), headers=NO_STORE)


__all__ = ["AdminDeliveries"]
