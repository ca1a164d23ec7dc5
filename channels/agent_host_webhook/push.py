"""Sends what people, or the operator, asked to hear of: signed by Standard Webhooks 1.0.0.

Its published schedule says when it is tried again; a receiver that answers 410 is not sent to any
more. https://www.standardwebhooks.com
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from agent_host.errors import NotFoundError, PushError, PushErrorClass
from agent_host.protocols.delivery import AnsweredRun
from agent_host.protocols.host_context import HostContext, RecordView
from agent_host.types import ChannelIdentity, Owner
from agent_host.types.delivery import Destination, Push, PushReceipt
from agent_host.types.outbound import OutboundAnswer, OutboundRequest
from agent_host.wire.push_answer import retry_after
from agent_host_webhook.config import WebhookConfig
from agent_host_webhook.event_type import event_of
from agent_host_webhook.outbound import to_body
from agent_host_webhook.push_codec import WebhookCodec
from agent_host_webhook.sign import sign
from agent_host_webhook.subscription_book import SubscriptionBook

SCHEDULE: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
)
PEOPLE: Final = "subscription"
"""The account of endpoints that people have registered."""
OPERATOR: Final = "operator"
"""The account of endpoints in the configuration."""

_TIME_LIMIT: Final = timedelta(seconds=20)
_ANSWER_LIMIT_BYTES: Final = 1024
_LONGEST_WAIT: Final = timedelta(days=1)
_BUSY: Final = frozenset(
    {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}
)


class WebhookPush:
    """`ChannelPush`, scheduled and subscribed. The channel opens it with its context."""

    rate = None
    is_idempotent = True
    schedule = SCHEDULE

    def __init__(self, config: WebhookConfig) -> None:
        self._config = config
        self._context: HostContext
        self.codec = WebhookCodec()

    def open(self, context: HostContext) -> None:
        """From now on there is something to send by."""
        self._context = context

    async def subscribed(self, run: AnsweredRun) -> Sequence[Destination]:
        """The endpoints that want to hear of this run."""
        event = event_of(run)
        found = [
            self._destination(OPERATOR, subscriber.name, run.owner.tenant)
            for subscriber in self._config.subscribers
            if event in subscriber.events
        ]
        if self._config.subscriptions:
            own = await self._book_of(run.owner).keep_alive(self._context.clock.now())
            found += [
                self._destination(PEOPLE, one.id, run.owner.tenant) for one in own if one.wants(run)
            ]
        return found

    async def push(self, push: Push) -> PushReceipt:
        """Send one event to one endpoint."""
        now = self._context.clock.now()
        url, secrets = await self._target(push, now)
        body = to_body(push.result, at=push.result.run.finished_at or now)
        answer = await self.send(url, secrets, body, event_id=push.delivery_id, now=now)
        if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return PushReceipt()
        if answer.status == HTTPStatus.GONE:
            await self._disable(push, now)
            raise PushError(PushErrorClass.PERMANENT, "gone")
        wait = retry_after(answer.headers, now=now)
        busy = answer.status in _BUSY
        raise PushError(
            PushErrorClass.RATE_LIMITED if busy else PushErrorClass.TRANSIENT,
            f"http_{answer.status}",
            retry_after=None if wait is None else min(wait, _LONGEST_WAIT),
        )

    async def send(
        self, url: str, secrets: Sequence[str], body: bytes, *, event_id: str, now: datetime
    ) -> OutboundAnswer:
        """Sign and send, through the host's guarded client."""
        signed = sign(body, event_id=event_id, at=now, keys=secrets)
        return await self._context.outbound.send(
            OutboundRequest(
                url=url,
                headers={"content-type": "application/json", **signed},
                body=body,
                time_limit=_TIME_LIMIT,
                answer_limit_bytes=_ANSWER_LIMIT_BYTES,
            )
        )

    def book(self, records: RecordView) -> SubscriptionBook:
        """The subscriptions in these records."""
        return SubscriptionBook(records, limit=self._config.subscriptions_limit)

    async def _target(self, push: Push, now: datetime) -> tuple[str, Sequence[str]]:
        account, name = push.destination.account, _name_of(push.destination)
        if account == OPERATOR:
            for subscriber in self._config.subscribers:
                if subscriber.name == name:
                    secrets = [secret.get_secret_value() for secret in subscriber.secrets]
                    return subscriber.url, secrets
            raise PushError(PushErrorClass.PERMANENT, "no_endpoint")
        try:
            one = await self._book_of(push.owner).get(name)
        except NotFoundError as error:
            raise PushError(PushErrorClass.PERMANENT, "no_endpoint") from error
        if one.disabled_at is not None:
            raise PushError(PushErrorClass.PERMANENT, "disabled")
        return one.url, one.live_secrets(now)

    def _book_of(self, owner: Owner) -> SubscriptionBook:
        return self.book(self._context.records_of(owner, self._config.name))

    async def _disable(self, push: Push, now: datetime) -> None:
        if push.destination.account == OPERATOR:
            return  # it is the operator's to take out; its deliveries are dead letters meanwhile
        with suppress(NotFoundError):  # somebody has deleted it meanwhile
            await self._book_of(push.owner).update(
                _name_of(push.destination), lambda one: replace(one, disabled_at=now), now=now
            )

    def _destination(self, account: str, name: str, tenant: str) -> Destination:
        channel = self._config.name
        identity = ChannelIdentity(channel=channel, account=account, native_id=name, tenant=tenant)
        return Destination(channel=channel, account=account, identity=identity)


def _name_of(destination: Destination) -> str:
    return "" if destination.identity is None else destination.identity.native_id


__all__ = ["OPERATOR", "PEOPLE", "SCHEDULE", "WebhookPush"]
