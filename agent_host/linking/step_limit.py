"""How often a link may be begun or tried: by one identity, by one tenant, and by all together.

Counted in this process: with several replicas each allows as much. Every try counts, right or
wrong, before it is looked at, so that neither its answer nor its time tells anything.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from agent_host.errors import TooManyLinkStepsError
from agent_host.rate import Rate, RateLimit
from agent_host.types.principal import ChannelIdentity

_MINUTE: Final = timedelta(minutes=1)
_PER_IDENTITY: Final = Rate(count=10, per=10 * _MINUTE)
_PER_TENANT: Final = Rate(count=120, per=_MINUTE)
_IN_ALL: Final = Rate(count=360, per=_MINUTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLimits:
    """At the default a short code, of which there are 2^40, is guessed within its ten minutes with
    a probability below one in 300,000,000 for each code that is open.
    """

    per_identity: Rate = _PER_IDENTITY
    per_tenant: Rate = _PER_TENANT
    in_all: Rate = _IN_ALL


class StepLimits:
    """One for beginning and one for trying, so that who tries cannot keep others from beginning."""

    __slots__ = ("_limits",)

    def __init__(self, limits: LinkLimits, monotonic: Callable[[], float]) -> None:
        rates = (limits.per_identity, limits.per_tenant, limits.in_all)
        self._limits = tuple(RateLimit(rate, monotonic) for rate in rates)

    def take(self, identity: ChannelIdentity) -> None:
        """Count one.

        Raises:
            TooManyLinkStepsError: it is one too many.
        """
        keys: tuple[Hashable, ...] = (identity, identity.tenant, None)
        for limit, key in zip(self._limits, keys, strict=True):
            wait = limit.take(key)
            if wait:
                raise TooManyLinkStepsError(timedelta(seconds=wait))


__all__ = ["LinkLimits", "StepLimits"]
