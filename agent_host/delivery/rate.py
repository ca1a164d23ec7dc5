"""How many pushes an account and a conversation may have: arithmetic of leaky buckets, pure.

A rate of n in a period is a burst of a quarter of n and then one after the other, spaced so that
no period whatever has more than n. Nobody sending by an account has more than half of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from agent_host.delivery.record import Turn
from agent_host.types.delivery import PushRate

NOW: Final = timedelta()
ENTRIES_LIMIT: Final = 4096
LATE: Final = timedelta(seconds=1)
"""Whoever comes this late for its moment asks for another: a herd that was held up is spaced."""

_HORIZON: Final = timedelta(days=1)
"""What is said to be full for longer than any wait was said so by another calendar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRate:
    """What is left of one account's allowance. Times are when a bucket will have run empty; what
    is empty is left out. `people` are the shares of those who send by the account.
    """

    full_until: datetime | None = None
    paused_until: datetime | None = None
    places: dict[str, datetime] = field(default_factory=dict[str, datetime])
    people: dict[str, datetime] = field(default_factory=dict[str, datetime])


class Bucket(NamedTuple):
    """One allowance: so many at once, and how far apart the others are."""

    burst: int
    step: timedelta

    def wait(self, full_until: datetime | None, now: datetime) -> timedelta:
        """How long until there is room for one."""
        if full_until is None:
            return NOW
        return max(full_until - (self.burst - 1) * self.step - now, NOW)

    def take(self, full_until: datetime | None, now: datetime) -> datetime:
        """When it will be empty, with one more in it."""
        return (now if full_until is None else max(full_until, now)) + self.step


class Verdict(NamedTuple):
    """`wait` is zero where it may go now; `turn` is what it has when it comes back."""

    state: AccountRate
    wait: timedelta = NOW
    turn: Turn | None = None


def bucket_of(count: int, period: timedelta) -> Bucket:
    """The bucket of a rate."""
    burst = max(1, count // 4)
    return Bucket(burst, period / (count - burst + 1))


def take(
    state: AccountRate,
    rate: PushRate | None,
    *,
    place: str,
    person: str,
    turn: Turn | None,
    now: datetime,
) -> Verdict:
    """Whether one push may go now; what it takes is taken."""
    state = _aged(state, now)
    if state.paused_until is not None:
        return Verdict(state, state.paused_until - now)
    return Verdict(state) if rate is None else _take(state, rate, place, person, turn, now)


def paused(state: AccountRate, until: datetime, now: datetime) -> AccountRate:
    """Nothing goes by the account until then, or until an earlier word says; for a day at most."""
    before, until = _still(state.paused_until, now), min(until, now + _HORIZON)
    return replace(state, paused_until=until if before is None else max(before, until))


def _take(
    state: AccountRate,
    rate: PushRate,
    place: str,
    person: str,
    turn: Turn | None,
    now: datetime,
) -> Verdict:
    if _is_full(state.places, place) or _is_full(state.people, person):
        return Verdict(state, rate.period)
    if turn is None:
        share = bucket_of(max(1, rate.per_account // 2), rate.period)
        wait = share.wait(state.people.get(person), now)
        taken = {**state.people, person: share.take(state.people.get(person), now)}
        if wait > NOW:
            return Verdict(replace(state, people=taken), wait, "person")
        charged = replace(state, people=taken)
    else:
        charged = state
    there = bucket_of(rate.per_conversation, rate.period)
    wait = there.wait(state.places.get(place), now)
    if wait > NOW:
        # The moment that the account gave it passes meanwhile, and is no other's.
        return Verdict(state, wait, None if turn is None else "person")
    if turn != "account":
        account = bucket_of(rate.per_account, rate.period)
        wait = account.wait(state.full_until, now)
        charged = replace(charged, full_until=account.take(state.full_until, now))
        if wait > NOW:
            return Verdict(charged, wait, "account")
    taken = {**charged.places, place: there.take(charged.places.get(place), now)}
    return Verdict(replace(charged, places=taken))


def _aged(state: AccountRate, now: datetime) -> AccountRate:
    return AccountRate(
        full_until=_still(state.full_until, now),
        paused_until=_still(state.paused_until, now),
        places=_those_still(state.places, now),
        people=_those_still(state.people, now),
    )


def _those_still(entries: Mapping[str, datetime], now: datetime) -> dict[str, datetime]:
    return {name: until for name, until in entries.items() if _still(until, now) is not None}


def _still(until: datetime | None, now: datetime) -> datetime | None:
    return until if until is not None and now < until <= now + _HORIZON else None


def _is_full(entries: Mapping[str, datetime], name: str) -> bool:
    return name not in entries and len(entries) >= ENTRIES_LIMIT


__all__ = [
    "ENTRIES_LIMIT",
    "LATE",
    "NOW",
    "AccountRate",
    "Bucket",
    "Verdict",
    "bucket_of",
    "paused",
    "take",
]
