"""The subscriptions of one owner, in the one record that they are kept in."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from agent_host.errors import ConflictError, NotFoundError, RequestError
from agent_host.protocols.host_context import RecordView
from agent_host_webhook.subscription import (
    NOTHING,
    KeptSubscriptions,
    Subscription,
    from_value,
    to_value,
)

NAME: Final = "subscriptions"
_REFRESH_AFTER: Final = timedelta(days=1)
_TRIES: Final = 8


class SubscriptionBook:
    """Two changes at once are both made. Unknown ids raise `NotFoundError`."""

    def __init__(self, records: RecordView, *, limit: int) -> None:
        self._records = records
        self._limit = limit

    async def all(self) -> Sequence[Subscription]:
        """In the order they were made."""
        return (await self._kept())[0].subscriptions

    async def get(self, subscription_id: str) -> Subscription:
        """One of them."""
        for one in await self.all():
            if one.id == subscription_id:
                return one
        raise NotFoundError("webhook endpoint")

    async def add(self, subscription: Subscription) -> None:
        """One more.

        Raises:
            RequestError: there are as many as there may be.
        """

        def change(before: tuple[Subscription, ...]) -> tuple[Subscription, ...]:
            if len(before) >= self._limit:
                message = f"There may be {self._limit} webhook endpoints: delete one first."
                raise RequestError(message)
            return (*before, subscription)

        await self._change(change, subscription.created_at)

    async def update(
        self,
        subscription_id: str,
        change: Callable[[Subscription], Subscription],
        *,
        now: datetime,
    ) -> Subscription:
        """Change one; as it is then."""
        changed: list[Subscription] = []

        def change_one(before: tuple[Subscription, ...]) -> tuple[Subscription, ...]:
            changed[:] = [change(one) for one in before if one.id == subscription_id]
            if not changed:
                raise NotFoundError("webhook endpoint")
            return tuple(changed[0] if one.id == subscription_id else one for one in before)

        await self._change(change_one, now)
        return changed[0]

    async def remove(self, subscription_id: str, *, now: datetime) -> None:
        """Forget one."""

        def change(before: tuple[Subscription, ...]) -> tuple[Subscription, ...]:
            after = tuple(one for one in before if one.id != subscription_id)
            if len(after) == len(before):
                raise NotFoundError("webhook endpoint")
            return after

        await self._change(change, now)

    async def keep_alive(self, now: datetime) -> Sequence[Subscription]:
        """All of them. Their record lives from the last write on, so a day later it is written."""
        kept, version = await self._kept()
        if kept.subscriptions and now - kept.refreshed_at >= _REFRESH_AFTER:
            try:
                value = to_value(replace(kept, refreshed_at=now))
                await self._records.put(NAME, value, expect=version)
            except ConflictError:
                pass  # whoever was faster has written it
        return kept.subscriptions

    async def _change(
        self,
        change: Callable[[tuple[Subscription, ...]], tuple[Subscription, ...]],
        now: datetime,
    ) -> None:
        for tries_left in range(_TRIES - 1, -1, -1):
            kept, version = await self._kept()
            after = KeptSubscriptions(subscriptions=change(kept.subscriptions), refreshed_at=now)
            try:
                await self._records.put(NAME, to_value(after), expect=version)
            except ConflictError:
                if not tries_left:
                    raise
                continue
            return

    async def _kept(self) -> tuple[KeptSubscriptions, int]:
        record = await self._records.get(NAME)
        if record is None:
            return NOTHING, 0
        return from_value(record.value), record.version


__all__ = ["SubscriptionBook"]
