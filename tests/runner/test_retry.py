"""How long a task waits before it is tried again."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from agent_host.runner.retry import delay_before_retry
from agent_host.types.task import RetryPolicy

delays = st.timedeltas(timedelta(), timedelta(days=1))


@given(delays, delays, st.integers(0, 10_000))
def test_never_longer_than_the_exponential_delay(
    first: timedelta, last: timedelta, starts: int
) -> None:
    policy = RetryPolicy(first_delay=first, last_delay=last)
    delay = delay_before_retry(policy, starts=starts, retry_after=None)
    limit = first.total_seconds() * 2 ** min(max(starts - 1, 0), 63)
    assert timedelta() <= delay
    assert delay.total_seconds() <= min(limit, last.total_seconds()) + 1e-6


@given(delays, st.timedeltas(timedelta(days=-1), timedelta(days=1)))
def test_never_shorter_than_the_other_side_asked_for(
    first: timedelta, retry_after: timedelta
) -> None:
    policy = RetryPolicy(first_delay=first)
    delay = delay_before_retry(policy, starts=1, retry_after=retry_after)
    assert max(retry_after, timedelta()) <= delay <= max(retry_after, timedelta()) + first


def test_the_whole_span_is_used() -> None:
    policy = RetryPolicy(first_delay=timedelta(seconds=4), last_delay=timedelta(hours=1))
    delays = [delay_before_retry(policy, starts=2, retry_after=None) for _ in range(1000)]
    assert min(delays) < timedelta(seconds=1)
    assert max(delays) > timedelta(seconds=7)


@given(st.integers(1, 60), st.integers(0, 3600), st.timedeltas(timedelta(0), timedelta(hours=1)))
def test_what_failed_together_does_not_return_together(
    starts: int, first_seconds: int, retry_after: timedelta
) -> None:
    policy = RetryPolicy(
        first_delay=timedelta(seconds=1 + first_seconds), last_delay=timedelta(days=365)
    )
    for wanted in (None, retry_after):
        delays = {delay_before_retry(policy, starts=starts, retry_after=wanted) for _ in range(32)}
        # Of a million microseconds at least, two of 32 are the same once in two thousand times.
        assert len(delays) >= 24
        spread = max(delays) - min(delays)
        assert spread > policy.first_delay * 0.2
