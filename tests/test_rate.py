"""So many at once, then so many in a time, for each key, in bounded memory."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from agent_host.rate import Rate, RateLimit
from agent_host.testing.manual_clock import ManualClock


def test_a_burst_and_then_the_rate() -> None:
    clock = ManualClock()
    limit = RateLimit(Rate(count=10, burst=3), clock.monotonic)
    assert [limit.take("a") for _ in range(3)] == [0, 0, 0]
    assert round(limit.take("a"), 6) == 0.1
    assert limit.take("b") == 0
    clock.advance(timedelta(seconds=0.1))
    assert limit.take("a") == 0
    assert limit.take("a") > 0
    clock.advance(timedelta(hours=1))
    assert [limit.take("a") > 0 for _ in range(4)] == [False, False, False, True]


def test_to_look_takes_nothing() -> None:
    clock = ManualClock()
    limit = RateLimit(Rate(count=1), clock.monotonic)
    assert limit.peek("a") == limit.peek("a") == limit.take("a") == 0
    assert limit.peek("a") == limit.take("a") == 1


def test_only_so_many_keys_are_held_and_the_latest_are() -> None:
    limit = RateLimit(Rate(count=1), ManualClock().monotonic, keys_limit=2)
    assert [limit.take(key) for key in ("a", "b", "c")] == [0, 0, 0]
    assert limit.take("c") > 0
    assert limit.take("b") > 0
    assert limit.take("a") == 0
    assert len(limit) == 2


@given(
    count=st.integers(1, 50),
    burst=st.integers(1, 20),
    pauses=st.lists(st.integers(0, 3000), max_size=60),
)
def test_never_more_than_burst_and_rate_allow(count: int, burst: int, pauses: list[int]) -> None:
    clock = ManualClock()
    limit = RateLimit(Rate(count=count, burst=burst), clock.monotonic)
    taken: list[float] = []
    for pause in pauses:
        clock.advance(timedelta(milliseconds=pause))
        wait = limit.take("a")
        if not wait:
            taken.append(clock.monotonic())
        else:
            clock.advance(timedelta(seconds=wait) + timedelta(milliseconds=1))
            assert limit.take("a") == 0
            taken.append(clock.monotonic())
    for first, start in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= burst + count * (taken[last] - start) + 1e-3
