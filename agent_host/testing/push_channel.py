"""A channel that can push, and whose platform does as a test says: it refuses, waits, forgets."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Generic, TypeAlias, TypeVar

from agent_host.delivery.result_codec import ResultCodec
from agent_host.protocols.channel import ChannelRoute
from agent_host.protocols.host_context import HostContext
from agent_host.types.delivery import Push, PushRate, PushReceipt
from agent_host.types.run import HostedResult

PushT = TypeVar("PushT")

Act: TypeAlias = Callable[[Push], Awaitable[None]]
"""What the platform does instead of taking a push at once: it raises, or waits."""


class PlatformDouble:
    """`ChannelPush`. `taken` are the pushes that the platform took, in order; with `is_idempotent`
    one that comes twice is taken once, as a platform that honours the id does. `called` counts all
    calls by delivery id.
    """

    def __init__(self, *, is_idempotent: bool = False, rate: PushRate | None = None) -> None:
        self.codec = ResultCodec()
        self.is_idempotent = is_idempotent
        self.rate = rate
        self.taken: list[Push] = []
        self.called: Counter[str] = Counter()
        self.acts: deque[Act] = deque()
        """Done by the next calls, one each, before what `always` does."""
        self.always: Act | None = None
        self.takes_first = False
        """Whether it takes a push before it does what a test says: sent, and no answer."""
        self._changed = asyncio.Event()

    async def push(self, push: Push) -> PushReceipt:
        """As a test says."""
        self.called[push.delivery_id] += 1
        self._changed.set()
        act = self.acts.popleft() if self.acts else self.always
        if self.takes_first:
            self._take(push)
        try:
            if act is not None:
                await act(push)
        finally:
            self._changed.set()
        if not self.takes_first:
            self._take(push)
        return PushReceipt(platform_id=f"msg-{len(self.taken)}")

    def will_raise(self, *errors: Exception) -> None:
        """The next calls raise these, one each."""
        self.acts.extend(_raising(error) for error in errors)

    @property
    def texts(self) -> list[str]:
        """What the platform took, as text."""
        return [_text_of(push.result) for push in self.taken]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return once it holds; it is looked at after each call."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    def _take(self, push: Push) -> None:
        known = any(push.delivery_id == before.delivery_id for before in self.taken)
        if not (self.is_idempotent and known):
            self.taken.append(push)
        self._changed.set()


class PushChannelDouble(Generic[PushT]):
    """`Channel`, of no routes, whose `push` is the double, or another's."""

    def __init__(self, name: str, push: PushT) -> None:
        self.name = name
        self.push = push

    def routes(self, context: HostContext) -> Sequence[ChannelRoute]:  # noqa: ARG002
        """None."""
        return ()

    @asynccontextmanager
    async def lifespan(self, context: HostContext) -> AsyncGenerator[None]:  # noqa: ARG002
        """Nothing has to be open."""
        yield


def _raising(error: Exception) -> Act:
    async def act(_: Push) -> None:
        raise error

    return act


def _text_of(hosted: HostedResult) -> str:
    result = hosted.result
    if result is None:
        return ""
    return result.text or "".join(message.text for message in result.messages)


__all__ = ["Act", "PlatformDouble", "PushChannelDouble"]
