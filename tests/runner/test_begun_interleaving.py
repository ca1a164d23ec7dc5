"""Whatever is begun, scheduled, cancelled and killed in whatever order, over a store that is slow:
nothing that was accepted is lost, nothing is done twice unless a process died of it, lanes keep
their order, and nothing is left behind.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from agent_host.errors import DrainingError, StoreUnavailableError
from agent_host.protocols.task_runner import PreparedAttempt
from agent_host.runner.begun_task import BEGUN
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.runner.task_record import BEHIND, LANES, QUEUE, TASKS, WHOLE
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_double import SeverableStore
from agent_host.testing.store_fixture import SECOND, let_others_run
from agent_host.testing.task_fixture import spec
from agent_host.types.store import Key, Put, Write
from agent_host.types.task import RetryPolicy, Task, TaskCounts

LANE_NAMES = ("a", "b", None)
ROOM = 2
RETRY = RetryPolicy(attempts_limit=50, first_delay=SECOND, last_delay=SECOND)


class Step(NamedTuple):
    """What happens. The first attempt at a task `waits` so many steps of the loop, and ends so."""

    kind: Literal["begin", "schedule", "leave", "erase", "kill", "drain", "run"]
    lane: str | None
    waits: int
    ends: Literal["well", "badly", "in conflict"]


steps = st.builds(
    Step,
    st.sampled_from(
        ["begin", "begin", "begin", "begin", "schedule", "leave", "erase", "kill", "drain", "run"]
    ),
    st.sampled_from(LANE_NAMES),
    st.integers(0, 30),
    st.sampled_from(["well", "well", "badly", "in conflict"]),
)


@dataclass
class World:
    """What was accepted, and what was seen of it."""

    store: MemoryStateStore
    clock: ManualClock = field(default_factory=ManualClock)
    steps: dict[str, Step] = field(default_factory=dict[str, Step])
    accepted: set[str] = field(default_factory=set[str])
    erased: set[str] = field(default_factory=set[str])
    attempts: Counter[str] = field(default_factory=Counter[str])
    done: Counter[str] = field(default_factory=Counter[str])
    running: dict[str, Task] = field(default_factory=dict[str, Task])
    lanes: dict[str, list[str]] = field(
        default_factory=lambda: defaultdict[str, list[str]](list[str])
    )
    asked: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])
    faults: list[str] = field(default_factory=list[str])

    async def work(self, task: Task) -> Sequence[Write]:
        name = task.spec.payload.decode()
        step = self.steps[name]
        self.attempts[name] += 1
        if self.attempts[name] == 1 and step.lane is not None:
            self.lanes[step.lane].append(name)
        lanes = [one.spec.lane for one in self.running.values() if one.spec.lane is not None]
        if step.lane in lanes or len(self.running) == ROOM or name in self.running:
            self.faults.append(f"{name} beside {sorted(self.running)}")
        self.running[name] = task
        try:
            for _ in range(step.waits):
                await asyncio.sleep(0)
        finally:
            del self.running[name]
        if self.attempts[name] == 1 and step.ends != "well":
            if step.ends == "badly":
                raise LookupError
            return [Put(Key("tests", "all", name), b"", 7)]
        self.done[name] += 1
        return ()

    async def ask(self, runner: StoreTaskRunner, step: Step) -> None:
        name = f"{len(self.steps):03d}"
        self.steps[name] = step

        async def prepare(_: Task) -> PreparedAttempt:
            return PreparedAttempt((), self.work)

        wanted = spec(name, lane=step.lane)
        try:
            if step.kind == "begin" and await runner.begin(wanted, prepare):
                self.accepted.add(name)
                return
            await runner.schedule(wanted)
        except (StoreUnavailableError, DrainingError):
            return
        self.accepted.add(name)


async def live(world: World, moments: Sequence[Step]) -> Sequence[Step]:
    """Until the process ends; what is still to be done then."""
    severed = SeverableStore(world.store, suspends=True)
    async with StoreTaskRunner(severed, clock=world.clock) as runner:
        runner.register("kind", world.work, concurrency=ROOM, retry=RETRY, keeps_done=False)
        runner.resume()
        for index, step in enumerate(moments):
            match step.kind:
                case "begin" | "schedule":
                    asked = asyncio.ensure_future(world.ask(runner, step))
                    world.asked.append(asked)
                    await asyncio.sleep(0)
                case "leave" if world.asked:  # whoever asked last is gone
                    world.asked[-1].cancel()
                case "erase" if world.asked:
                    await asyncio.wait(world.asked)
                    for task in (await runner.kept()).items:
                        world.erased.add(task.spec.payload.decode())
                        await runner.erase(task.id)
                case "kill":
                    severed.cut = True
                    return moments[index + 1 :]
                case "drain":
                    await runner.drain(timedelta())
                    return moments[index + 1 :]
                case _:
                    for _ in range(3 * step.waits):
                        await asyncio.sleep(0)
                    world.clock.advance(timedelta(milliseconds=step.waits * 50))
        if world.asked:
            await asyncio.wait(world.asked)
        for _ in range(400):
            await let_others_run()
            if (await runner.summary())["kind"] == TaskCounts():
                return ()
            world.clock.advance(SECOND)
        world.faults.append(f"stuck: {(await runner.summary())['kind']}")
    return ()


@settings(deadline=None, max_examples=300)
@given(st.lists(steps, max_size=24))
async def test_nothing_is_lost_doubled_or_left(moments: list[Step]) -> None:
    async with MemoryStateStore(clock=ManualClock()) as store:
        world = World(store)
        rest: Sequence[Step] = moments
        while rest:
            rest = await live(world, rest)
            if world.asked:
                await asyncio.wait(world.asked)
            world.asked.clear()
        await live(world, [])
        assert not world.faults
        assert world.accepted - world.erased <= world.done.keys()
        ends = sum(step.kind in ("kill", "drain") for step in moments)
        assert sum(world.done.values()) - len(world.done) <= ends * ROOM
        for order in world.lanes.values():
            said = [name for name in order if name in world.accepted]
            assert said == sorted(said) or "leave" in {step.kind for step in moments}, order
        for collection, partition in ((BEGUN, WHOLE), (TASKS, WHOLE), (QUEUE, "kind")):
            assert not await store.scan(collection, partition)
        for partition in ("a", "b"):
            assert not await store.scan(LANES, partition)
        assert not await store.scan(BEHIND, WHOLE)
