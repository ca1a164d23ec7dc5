"""A turn keeps its session's lease for as long as it takes, whatever the store does meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from agent_host.errors import StoreUnavailableError
from agent_host.protocols.state_store import StateStore
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_double import SeverableStore
from agent_host.types import Key, Lease, RunPolicy, RunStatus, Turn
from tests.host.harness import CALLER, finished, hosted, request
from tests.host.killed import QUICK

STEP = timedelta(seconds=10)


class Failing(SeverableStore):
    """Fails at renewals while it is told to; counts those that were asked for."""

    fails = False
    renewals = 0

    def __init__(self, store: StateStore, clock: ManualClock) -> None:
        super().__init__(store, clock=clock)
        self.leases: list[Lease] = []

    async def acquire(
        self, name: Key, *, holder: str, time_to_live: timedelta, wait: timedelta = timedelta()
    ) -> Lease | None:
        lease = await super().acquire(name, holder=holder, time_to_live=time_to_live, wait=wait)
        if lease is not None and name.collection == "session":
            self.leases.append(lease)
        return lease

    async def renew(self, lease: Lease, *, time_to_live: timedelta) -> None:
        if lease.name.collection == "session":
            self.renewals += 1
            if self.fails:
                message = "The disk did not answer."
                raise StoreUnavailableError(message)
        await super().renew(lease, time_to_live=time_to_live)

    async def until_asked(self, clock: ManualClock) -> None:
        """Let time pass until a renewal is due."""
        before = self.renewals
        await clock.until_sleeping()
        clock.advance(STEP)
        while self.renewals == before:
            await asyncio.sleep(0)


class Hold:
    """A target that notes its turns and holds them until they may end."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.may_end = asyncio.Event()

    async def __call__(self, turn: Turn) -> AsyncIterator[str]:
        yield turn.text
        self.begun.append(turn.text)
        await self.may_end.wait()

    async def until_begun(self, *texts: str) -> None:
        while not set(texts) <= set(self.begun):
            await asyncio.sleep(0)


async def test_a_renewal_that_fails_is_tried_again() -> None:
    clock, hold = ManualClock(), Hold()
    async with MemoryStateStore(clock=clock) as memory:
        store = Failing(memory, clock)
        async with hosted(hold, store=store, clock=clock) as context:
            turn = asyncio.ensure_future(context.run(request("one", session="s")))
            await hold.until_begun("one")
            store.fails = True
            await store.until_asked(clock)
            store.fails = False
            for _ in range(4):
                await store.until_asked(clock)
            hold.may_end.set()
            outcome = await turn
            assert outcome.run.status is RunStatus.COMPLETED
            assert (await context.run(request("two", session="s"))).result is not None


async def test_only_the_turn_whose_lease_is_lost_is_stopped() -> None:
    clock, hold = ManualClock(), Hold()
    async with MemoryStateStore(clock=clock) as memory:
        store = Failing(memory, clock)
        async with hosted(hold, store=store, clock=clock, run_policy=QUICK) as context:
            lost = asyncio.ensure_future(context.run(request("lost", session="a")))
            await hold.until_begun("lost")
            kept = asyncio.ensure_future(context.run(request("kept", session="b")))
            await hold.until_begun("kept")
            taken = store.leases[0]
            await memory.release(taken)
            assert await memory.acquire(taken.name, holder="other", time_to_live=STEP * 9)
            await store.until_asked(clock)
            failure = (await lost).run.failure
            await store.until_asked(clock)
            hold.may_end.set()
            assert failure is not None
            assert failure.code == "interrupted"
            assert (await kept).run.status is RunStatus.COMPLETED


async def test_a_queued_turn_whose_lease_is_lost_takes_it_anew() -> None:
    clock, hold = ManualClock(), Hold()
    policy = RunPolicy(background_limit=1)
    async with MemoryStateStore(clock=clock) as memory:
        store = Failing(memory, clock)
        async with hosted(hold, store=store, clock=clock, run_policy=policy) as context:
            await context.start(request("busy", background=True))
            await hold.until_begun("busy")
            store.leases.clear()
            queued = await context.start(request("queued", background=True, session="s"))
            await memory.release(store.leases[0])
            await store.until_asked(clock)
            hold.may_end.set()
            outcome = await finished(context, queued.run.id)
    assert outcome.run.status is RunStatus.COMPLETED


async def test_a_process_that_was_stopped_goes_on_with_its_turn() -> None:
    """By SIGSTOP, or the lid of a laptop: its lease is over, and nobody wanted it."""
    clock, hold = ManualClock(), Hold()
    async with MemoryStateStore(clock=clock) as memory:
        store = Failing(memory, clock)
        async with hosted(hold, store=store, clock=clock) as context:
            turn = asyncio.ensure_future(context.run(request("one", session="s")))
            await hold.until_begun("one")
            await clock.until_sleeping()
            clock.advance(timedelta(minutes=5))
            while len(store.leases) < 2:
                await asyncio.sleep(0)
            for _ in range(4):
                await store.until_asked(clock)
            hold.may_end.set()
            assert (await turn).run.status is RunStatus.COMPLETED
            following = await context.run(request("two", session="s"))
            assert following.run.status is RunStatus.COMPLETED
            history = await (await context.sessions(CALLER)).get("s")
            assert [one.text for one in history.messages] == ["one", "one", "two", "two"]


async def test_a_turn_that_ends_before_its_lease_was_looked_at_is_stored() -> None:
    clock, hold = ManualClock(), Hold()
    async with MemoryStateStore(clock=clock) as memory:
        store = Failing(memory, clock)
        async with hosted(hold, store=store, clock=clock) as context:
            turn = asyncio.ensure_future(context.run(request("one", session="s")))
            await hold.until_begun("one")
            await memory.release(store.leases[0])
            hold.may_end.set()
            assert (await turn).run.status is RunStatus.COMPLETED
            assert store.renewals == 0


class Shared(Failing):
    """Other processes may have used the session meanwhile."""

    @property
    def shared(self) -> bool:
        return True


@pytest.mark.parametrize("others", [0, 1])
async def test_where_others_may_have_been_the_fence_says_whether_they_were(others: int) -> None:
    clock, hold = ManualClock(), Hold()
    async with MemoryStateStore(clock=clock) as memory:
        store = Shared(memory, clock)
        async with hosted(hold, store=store, clock=clock, run_policy=QUICK) as context:
            turn = asyncio.ensure_future(context.run(request("one", session="s")))
            await hold.until_begun("one")
            (lease,) = store.leases
            await memory.release(lease)
            for _ in range(others):
                passing = await memory.acquire(lease.name, holder="other", time_to_live=STEP)
                assert passing is not None
                await memory.release(passing)
            hold.may_end.set()
            failure = (await turn).run.failure
            assert (failure is None) == (not others)
            if failure is not None:
                assert failure.code == "interrupted"
            # What it took in vain it gave back.
            assert await memory.acquire(lease.name, holder="next", time_to_live=STEP)
