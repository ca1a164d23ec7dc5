"""The subscriptions of one owner, in the one record that they are kept in."""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Final

from agent_host.errors import ConflictError, NotFoundError, RequestError
from agent_host.protocols.host_context import RecordView
from agent_host.types import RecordLife
from agent_host_webhook.subscription import (
    NOTHING,
    KeptSubscriptions,
    Subscription,
    from_value,
    to_value,
)

NAME: Final = "subscriptions"
_TRIES: Final = 8


class SubscriptionBook:
    """Two changes at once are both made. Unknown ids raise `NotFoundError`.

    The record stays as long as its owner; where all in it are for single runs, as long as a run is
    kept that somebody heard of last.
    """

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

        await self._change(change)

    async def update(
        self, subscription_id: str, change: Callable[[Subscription], Subscription]
    ) -> Subscription:
        """Change one; as it is then."""
        changed: list[Subscription] = []

        def change_one(before: tuple[Subscription, ...]) -> tuple[Subscription, ...]:
            changed[:] = [change(one) for one in before if one.id == subscription_id]
            if not changed:
                raise NotFoundError("webhook endpoint")
            return tuple(changed[0] if one.id == subscription_id else one for one in before)

        await self._change(change_one)
        return changed[0]

    async def remove(self, subscription_id: str) -> None:
        """Forget one."""

        def change(before: tuple[Subscription, ...]) -> tuple[Subscription, ...]:
            after = tuple(one for one in before if one.id != subscription_id)
            if len(after) == len(before):
                raise NotFoundError("webhook endpoint")
            return after

        await self._change(change)

    async def drop(self, subscription_ids: Collection[str]) -> None:
        """Forget these, as far as they are there."""

        def change(before: tuple[Subscription, ...]) -> tuple[Subscription, ...]:
            return tuple(one for one in before if one.id not in subscription_ids)

        await self._change(change)

    async def renew(self) -> None:
        """A run goes on that one of them is for: it is kept from now on, as the run is."""
        kept, version = await self._kept()
        with suppress(ConflictError):  # whoever was faster has written it
            await self._put(kept, version)

    async def _change(
        self, change: Callable[[tuple[Subscription, ...]], tuple[Subscription, ...]]
    ) -> None:
        for tries_left in range(_TRIES - 1, -1, -1):
            kept, version = await self._kept()
            after = KeptSubscriptions(subscriptions=change(kept.subscriptions))
            if after == kept:
                return
            try:
                await self._put(after, version)
            except ConflictError:
                if not tries_left:
                    raise
                continue
            return

    async def _put(self, kept: KeptSubscriptions, version: int) -> None:
        lasts = any(one.run_id is None for one in kept.subscriptions)
        life = RecordLife.OWNER if lasts else RecordLife.SESSION
        await self._records.put(NAME, to_value(kept), expect=version, life=life)

    async def _kept(self) -> tuple[KeptSubscriptions, int]:
        record = await self._records.get(NAME)
        if record is None:
            return NOTHING, 0
        return from_value(record.value), record.version


__all__ = ["SubscriptionBook"]
