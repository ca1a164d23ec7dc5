"""The governor's arithmetic, with times that the tests choose."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from agent_host.delivery.governor import Governor
from agent_host.delivery.rate import (
    ENTRIES_LIMIT,
    NOW,
    AccountRate,
    Verdict,
    bucket_of,
    paused,
    take,
)
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.types import Destination, IsolationKey, Owner, PushRate

START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
WHERE = Destination(channel="chat")
ALICE = Owner(tenant="default", isolation_key=IsolationKey("alice"))


def ask(
    state: AccountRate,
    rate: PushRate | None,
    at: datetime,
    *,
    place: str = "here",
    person: str = "alice",
    before: Verdict | None = None,
) -> Verdict:
    turn = None if before is None else before.turn
    return take(state, rate, place=place, person=person, turn=turn, now=at)


@given(st.integers(1, 200), st.floats(0.01, 3600))
def test_no_period_has_more_than_its_rate(count: int, seconds: float) -> None:
    period = timedelta(seconds=seconds)
    bucket = bucket_of(count, period)
    full_until: datetime | None = None
    now = START
    sent: list[datetime] = []
    while len(sent) < 2 * count + 3:
        wait = bucket.wait(full_until, now)
        if wait > NOW:
            now += wait
            continue
        sent.append(now)
        full_until = bucket.take(full_until, now)
    for first, later in zip(sent, sent[count:], strict=False):
        # Rounding to microseconds is all that may be missing.
        assert later - first >= period - timedelta(microseconds=2 * count)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 900)), max_size=60),
    st.integers(1, 8),
    st.integers(1, 4),
)
@example([(number % 4, number % 3, 0) for number in range(7)], 2, 1)
def test_neither_an_account_nor_a_conversation_is_sent_more_than_is_allowed(
    asked: list[tuple[int, int, int]], per_account: int, per_conversation: int
) -> None:
    rate = PushRate(per_account=per_account, per_conversation=per_conversation, period=SECOND)
    state, now = AccountRate(), START
    sent: list[tuple[datetime, int]] = []
    waiting: list[tuple[datetime, int, int, Verdict | None]] = []
    for person, place, later in asked:
        now += timedelta(milliseconds=later)
        waiting.append((now, person, place, None))
    while waiting:
        waiting.sort(key=lambda one: one[0])
        at, person, place, before = waiting.pop(0)
        verdict = ask(state, rate, at, place=str(place), person=str(person), before=before)
        state = verdict.state
        if verdict.wait > NOW:
            waiting.append((at + verdict.wait, person, place, verdict))
        else:
            sent.append((at, place))
    assert len(sent) == len(asked)
    slack = timedelta(microseconds=50)
    times = sorted(at for at, _ in sent)
    for place in {place for _, place in sent}:
        there = sorted(at for at, where in sent if where == place)
        assert least_gap(there, per_conversation) >= SECOND - slack
    assert least_gap(times, per_account) >= SECOND - slack


def least_gap(times: list[datetime], count: int) -> timedelta:
    """The shortest time in which so many and one more were sent."""
    gaps = [later - first for first, later in zip(times, times[count:], strict=False)]
    return min(gaps, default=timedelta.max)


def test_half_of_an_account_is_left_for_others() -> None:
    rate = PushRate(per_account=20, per_conversation=20, period=SECOND)
    state = AccountRate()
    for number in range(500):
        state = ask(state, rate, START, place=str(number)).state
    assert ask(state, rate, START, place="there", person="bob").wait == NOW


def test_one_who_waits_has_a_moment_of_its_own() -> None:
    rate = PushRate(per_account=8, per_conversation=8, period=SECOND)
    state = AccountRate()
    waits: list[timedelta] = []
    for number in range(20):
        verdict = ask(state, rate, START, place=str(number))
        state = verdict.state
        waits.append(verdict.wait)
    later = [wait for wait in waits if wait > NOW]
    assert all(second > first for first, second in pairwise(later))


def test_what_is_empty_is_forgotten() -> None:
    rate = PushRate(per_account=5, per_conversation=1, period=SECOND)
    state = ask(AccountRate(), rate, START).state
    assert state.places
    after = ask(state, rate, START + 2 * SECOND, place="there").state
    assert set(after.places) == {"there"}


def test_another_calendar_does_not_stop_everything() -> None:
    state = AccountRate(full_until=START + timedelta(days=400))
    rate = PushRate(per_account=1, per_conversation=1, period=SECOND)
    assert ask(state, rate, START).wait == NOW


def test_the_record_is_bounded() -> None:
    rate = PushRate(per_account=5, per_conversation=1, period=SECOND)
    places = {str(number): START + SECOND for number in range(ENTRIES_LIMIT)}
    verdict = ask(AccountRate(places=places), rate, START, place="new")
    assert verdict.wait == SECOND
    assert len(verdict.state.places) == ENTRIES_LIMIT


def test_a_pause_is_for_all_and_the_longest_word_counts() -> None:
    state = paused(AccountRate(), START + 5 * SECOND, START)
    state = paused(state, START + SECOND, START)
    assert ask(state, None, START).wait == 5 * SECOND
    assert ask(state, None, START + 5 * SECOND).wait == NOW


def test_a_pause_of_days_is_one_of_a_day_at_a_time() -> None:
    day = timedelta(days=1)
    state = paused(AccountRate(), START + 30 * day, START)
    assert ask(state, None, START).wait == day
    assert ask(state, None, START + day).wait == NOW


def test_what_another_calendar_paused_does_not_lengthen_a_pause() -> None:
    state = AccountRate(paused_until=START + timedelta(days=400))
    state = paused(state, START + SECOND, START)
    assert ask(state, None, START).wait == SECOND


async def test_all_processes_of_a_store_share_one_allowance() -> None:
    clock = ManualClock()
    rate = PushRate(per_account=1, per_conversation=1, period=SECOND)
    async with MemoryStateStore(clock=clock) as store:
        one, other = Governor(store, clock), Governor(store, clock)
        assert (await one.take(WHERE, ALICE, rate, turn=None)).wait == NOW
        assert (await other.take(WHERE, ALICE, rate, turn=None)).wait > NOW
        elsewhere = replace(WHERE, account="second")
        assert (await other.take(elsewhere, ALICE, rate, turn=None)).wait == NOW
        await one.pause(WHERE, clock.now() + timedelta(hours=2))
        clock.advance(timedelta(hours=1))
        assert (await other.take(WHERE, ALICE, None, turn=None)).wait == timedelta(hours=1)
