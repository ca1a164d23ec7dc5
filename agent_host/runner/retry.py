"""How long to wait before a task is tried again."""

from datetime import timedelta
from random import SystemRandom
from typing import Final

from agent_host.types.task import RetryPolicy

_RANDOM: Final = SystemRandom()
_DOUBLINGS_LIMIT: Final = 63


def delay_before_retry(
    policy: RetryPolicy, *, starts: int, retry_after: timedelta | None
) -> timedelta:
    """Anything up to the exponential delay, so that what failed together does not return together.

    `starts` attempts were made. Where the other side named a time the wait is never shorter, and
    spread behind it by the policy's first delay.
    """
    if retry_after is not None:
        return max(retry_after, timedelta()) + policy.first_delay * _RANDOM.random()
    doublings = min(max(starts - 1, 0), _DOUBLINGS_LIMIT)
    seconds = policy.first_delay.total_seconds() * 2**doublings
    return timedelta(seconds=min(seconds, policy.last_delay.total_seconds()) * _RANDOM.random())


__all__ = ["delay_before_retry"]
