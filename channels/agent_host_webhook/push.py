"""Sends what people, or the operator, asked to hear of: signed by Standard Webhooks 1.0.0.

Its published schedule says when it is tried again; a receiver that answers 410 is not sent to any
more. https://www.standardwebhooks.com
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from agent_host.errors import NotFoundError, PushError, PushErrorClass
from agent_host.protocols.delivery import RunStation
from agent_host.protocols.host_context import HostContext, RecordView
from agent_host.types import ChannelIdentity, Owner
from agent_host.types.delivery import Destination, Push, PushReceipt
from agent_host.types.outbound import OutboundAnswer, OutboundRequest
from agent_host.wire.push_answer import retry_after
from agent_host_webhook.config import SubscriberConfig, WebhookConfig
from agent_host_webhook.event_type import STARTED, EventType, event_of
from agent_host_webhook.operator_book import OPERATOR_OWNER, OperatorBook, gone_at
from agent_host_webhook.outbound import to_body, to_test_body
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
        self.time_limit = _TIME_LIMIT
        """For one attempt, the look at the receiver's name included."""
        self.codec = WebhookCodec()

    def open(self, context: HostContext) -> None:
        """From now on there is something to send by."""
        self._context = context

    @property
    def hears_starts(self) -> bool:
        """Whether any endpoint may have asked for that."""
        config = self._config
        configured = any(STARTED in subscriber.events for subscriber in config.subscribers)
        return configured or (config.subscriptions and config.subscriptions_hear_starts)

    async def subscribed(self, station: RunStation) -> Sequence[Destination]:
        """The endpoints that want to hear of this."""
        tenant = station.owner.tenant
        found = [
            self._destination(OPERATOR, subscriber.name, tenant)
            for subscriber in await self._wanting(event_of(station.status))
        ]
        if self._config.subscriptions and self._tells_people(station):
            book = self.book_of(station.owner)
            own = await book.all()
            found += [
                self._destination(PEOPLE, one.id, tenant) for one in own if one.wants(station)
            ]
            if any(one.run_id == station.run_id for one in own):
                await book.renew()
        return found

    async def _wanting(self, event: EventType) -> Sequence[SubscriberConfig]:
        wanting = [one for one in self._config.subscribers if event in one.events]
        if not wanting:
            return ()
        gone = await self.operator_book().gone()
        return [one for one in wanting if gone_at(one, gone) is None]

    def _tells_people(self, station: RunStation) -> bool:
        is_start = event_of(station.status) == STARTED
        return self._config.subscriptions_hear_starts or not is_start

    async def push(self, push: Push) -> PushReceipt:
        """Send one event to one endpoint."""
        now, run = self._context.clock.now(), push.result.run
        url, secrets = await self._target(push, now)
        body = to_body(push.result, at=run.finished_at or run.updated_at)
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
                time_limit=self.time_limit,
                answer_limit_bytes=_ANSWER_LIMIT_BYTES,
            )
        )

    async def test(self, url: str, secrets: Sequence[str]) -> int:
        """Send an event that is about nothing, once; what the receiver answers."""
        now = self._context.clock.now()
        event_id = self._context.ids.new("evt_")
        answer = await self.send(url, secrets, to_test_body(at=now), event_id=event_id, now=now)
        return answer.status

    def book(self, records: RecordView) -> SubscriptionBook:
        """The subscriptions in these records."""
        return SubscriptionBook(records, limit=self._config.subscriptions_limit)

    def book_of(self, owner: Owner) -> SubscriptionBook:
        """The subscriptions of an owner whom the host has named."""
        return self.book(self._context.records_of(owner, self._config.name))

    def operator_book(self) -> OperatorBook:
        """Which endpoints of the configuration are gone."""
        return OperatorBook(self._context.records_of(OPERATOR_OWNER, self._config.name))

    def subscriber(self, name: str) -> SubscriberConfig | None:
        """The endpoint of the configuration with this name."""
        return next((one for one in self._config.subscribers if one.name == name), None)

    async def _target(self, push: Push, now: datetime) -> tuple[str, Sequence[str]]:
        account, name = push.destination.account, _name_of(push.destination)
        if account == OPERATOR:
            subscriber = self.subscriber(name)
            if subscriber is None:
                raise PushError(PushErrorClass.PERMANENT, "no_endpoint")
            if gone_at(subscriber, await self.operator_book().gone()) is not None:
                raise PushError(PushErrorClass.PERMANENT, "disabled")
            return subscriber.url, live_secrets(subscriber)
        try:
            one = await self.book_of(push.owner).get(name)
        except NotFoundError as error:
            raise PushError(PushErrorClass.PERMANENT, "no_endpoint") from error
        if one.disabled_at is not None:
            raise PushError(PushErrorClass.PERMANENT, "disabled")
        return one.url, one.live_secrets(now)

    async def _disable(self, push: Push, now: datetime) -> None:
        name = _name_of(push.destination)
        if push.destination.account == OPERATOR:
            subscriber = self.subscriber(name)
            if subscriber is not None:
                await self.operator_book().disable(subscriber, now)
            return
        with suppress(NotFoundError):  # somebody has deleted it meanwhile
            await self.book_of(push.owner).update(name, lambda one: one.disabled("gone", now))

    def _destination(self, account: str, name: str, tenant: str) -> Destination:
        channel = self._config.name
        identity = ChannelIdentity(channel=channel, account=account, native_id=name, tenant=tenant)
        return Destination(channel=channel, account=account, identity=identity)


def live_secrets(subscriber: SubscriberConfig) -> Sequence[str]:
    """What an endpoint of the configuration is signed with, read when it is used."""
    return [secret.get_secret_value() for secret in subscriber.secrets]


def _name_of(destination: Destination) -> str:
    return "" if destination.identity is None else destination.identity.native_id


__all__ = ["OPERATOR", "PEOPLE", "SCHEDULE", "WebhookPush", "live_secrets"]
