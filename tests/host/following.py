"""Following a run, driven by a test: a follower that notes what it is told, and waits for it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from agent_host import AgentHost
from agent_host.host.follow.dispatcher import FOLLOW_KIND
from agent_host.protocols.follow import FollowAttempt, Follower, FollowView
from agent_host.protocols.host_context import HostContext
from agent_host.protocols.state_store import StateStore
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.runner.task_record import QUEUE
from agent_host.testing.manual_clock import ManualClock
from agent_host.types import (
    Answer,
    Follow,
    FollowCursor,
    FollowStatus,
    InputRequired,
    Question,
    RunEvent,
    Task,
    TextDelta,
)
from tests.host.harness import CALLER, acting_as


class Told:
    """A follower that notes what it is told; `refusals` are raised first, one for each entry."""

    def __init__(self, *refusals: Exception) -> None:
        self.refusals = list(refusals)
        self.entries: list[tuple[int, str]] = []
        self.attempts = 0
        self._came = asyncio.Event()

    async def __call__(self, attempt: FollowAttempt) -> None:
        self.attempts += 1
        async for entry in attempt.entries(start=attempt.follow.cursor.sequence):
            if self.refusals:
                raise self.refusals.pop(0)
            self.entries.append((entry.sequence, entry.event.type))
            self._came.set()
            await attempt.confirm(FollowCursor(entry.sequence + 1))

    @property
    def sequences(self) -> list[int]:
        return [sequence for sequence, _ in self.entries]

    async def until(self, kind: str) -> None:
        async with asyncio.timeout(20):
            while not any(told == kind for _, told in self.entries):
                self._came.clear()
                await self._came.wait()


async def talk(text: str) -> AsyncIterator[str]:
    for word in text.split():
        yield word


async def ask(_: str) -> AsyncGenerator[RunEvent, Answer]:
    answer = yield InputRequired(questions=(Question(prompt="Go on?"),))
    yield TextDelta(text=str(answer.value))


@asynccontextmanager
async def following(
    follower: Follower | None, target: object = talk, **options: Any
) -> AsyncGenerator[tuple[HostContext, FollowView]]:
    """A started host, and alice's follows on its channel."""
    host = AgentHost(target, **options)
    async with host:
        with acting_as("alice"):
            follows = await host.context.follows(CALLER)
            if follower is None:
                yield host.context, follows
                return
            with host.context.follower(CALLER.channel, follower):
                yield host.context, follows


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():
            await asyncio.sleep(0)


async def until_quiet(store: StateStore) -> None:
    """Return once no attempt is under way, nor any to come before something happens."""

    async def holds() -> bool:
        return not await store.scan(QUEUE, FOLLOW_KIND)

    await until(holds)


async def until_status(follows: FollowView, follow: Follow, status: FollowStatus) -> None:
    async def holds() -> bool:
        return (await follows.get(follow.run_id, follow.name)).status is status

    await until(holds)


async def dead_letter(runner: StoreTaskRunner) -> Task:
    found: list[Task] = []

    async def holds() -> bool:
        found.extend((await runner.dead_letters(kind=FOLLOW_KIND)).items)
        return bool(found)

    await until(holds)
    return found[0]


@asynccontextmanager
async def passing(clock: ManualClock) -> AsyncGenerator[None]:
    """Time goes by as fast as it can."""

    async def pass_by() -> None:
        while True:
            clock.advance(timedelta(seconds=30))
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(pass_by())
        try:
            yield
        finally:
            task.cancel()


__all__ = [
    "Told",
    "ask",
    "dead_letter",
    "following",
    "passing",
    "talk",
    "until",
    "until_quiet",
    "until_status",
]
