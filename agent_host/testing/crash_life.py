"""One life of a process that schedules and does tasks of every sort, until it is killed or done."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Final

from agent_host.errors import PermanentTaskError, RetryTaskError
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import TaskRunner
from agent_host.system import SystemClock
from agent_host.testing.crash_journal import CrashJournal, Event
from agent_host.testing.deadly_store import DeadlyStore, Doom, die
from agent_host.types.task import RetryPolicy, Task, TaskSpec

BOUND: Final = 3
"""Attempts of one kind at once."""

POISON_STARTS: Final = 3
_POLICY: Final = RetryPolicy(attempts_limit=100, first_delay=timedelta(milliseconds=1))
_POISON_POLICY: Final = RetryPolicy(
    attempts_limit=POISON_STARTS, first_delay=timedelta(milliseconds=1)
)
_HOUR: Final = timedelta(hours=1)
_PAUSE_SECONDS: Final = 0.002
KINDS: Final = ("plain", "flaky", "mended", "worthless", "laned", "cancelled", "poison")
_COUNTS: Final = {"plain": 6, "flaky": 2, "mended": 1, "worthless": 1, "laned": 6, "cancelled": 1}


class CrashLife:
    """`plain` succeeds, `flaky` at its second attempt, `mended` when it is replayed, `worthless`
    never; `laned` is in one of two lanes; `cancelled` is due in an hour; `poison` kills.
    """

    def __init__(self, number: int, *, journal: CrashJournal, doom: Doom | None) -> None:
        self._number = number
        self._journal = journal
        self._doom = doom
        self._clock = SystemClock()
        self._running: Counter[str] = Counter()
        self._buried: set[str] = set()

    async def live(
        self, store: StateStore, make_runner: Callable[[StateStore], TaskRunner]
    ) -> None:
        """Do all that earlier lives left and what this one schedules."""
        self._buried = {event.name for event in self._journal.read() if event.what == "gave-up"}
        deadly = DeadlyStore(store, self._doom)
        async with store, make_runner(deadly) as runner:
            for kind in KINDS:
                retry = _POISON_POLICY if kind == "poison" else _POLICY
                handler = partial(self._attempt, kind)
                runner.register(kind, handler, concurrency=BOUND, retry=retry)
            runner.resume()
            async with asyncio.TaskGroup() as group:
                for kind, names in self._names().items():
                    group.create_task(self._schedule(runner, kind, names))
            await self._until_done(runner)
            await runner.replay_all(kind="mended")
            await self._until_done(runner)
            await runner.purge_all(kind="worthless")
            await runner.drain(timedelta(seconds=5))
            self._note("done", "all", "-")

    def _names(self) -> dict[str, list[str]]:
        """This life's tasks by kind, behind those of earlier lives that were not accepted."""
        events = self._journal.read()
        accepted = {event.name for event in events if event.what == "accepted"}
        missing = [event for event in events if event.what == "wanted"]
        names: dict[str, list[str]] = {}
        for event in missing:
            if event.name not in accepted:
                names.setdefault(event.kind, []).append(event.name)
        counts = dict(_COUNTS)
        if self._doom is not None and self._doom.step == "poison":
            counts["poison"] = 1
        for kind, count in counts.items():
            for number in range(count):
                name = f"{kind}-{self._number:06d}{number:02d}"
                self._note("wanted", kind, name)
                names.setdefault(kind, []).append(name)
        return names

    async def _schedule(self, runner: TaskRunner, kind: str, names: list[str]) -> None:
        async with asyncio.TaskGroup() as group:
            for name in names:
                # Together, so that a lane is long before its first is done, and in this order.
                group.create_task(self._schedule_one(runner, kind, name))

    async def _schedule_one(self, runner: TaskRunner, kind: str, name: str) -> None:
        spec = TaskSpec(
            kind=kind,
            payload=name.encode(),
            key=name,
            lane=f"lane{int(name[-1]) % 2}" if kind == "laned" else None,
            delay=_HOUR if kind == "cancelled" else timedelta(),
        )
        task = await runner.schedule(spec)
        if kind == "cancelled":
            await runner.cancel(task.id)
        self._note("accepted", kind, name)

    async def _attempt(self, kind: str, task: Task) -> None:
        name = task.spec.payload.decode()
        self._running[kind] += 1
        self._note("began", kind, name, task.starts, self._running[kind])
        try:
            await asyncio.sleep(0)
            if kind == "poison":
                die()
            if kind == "flaky" and task.starts == 1:
                raise RetryTaskError("Not yet.")
            if kind == "worthless" or (kind == "mended" and name not in self._buried):
                self._buried.add(name)
                self._note("gave-up", kind, name)
                raise PermanentTaskError("No further attempt can help.")
            self._note("did", kind, name, task.starts)
        finally:
            self._running[kind] -= 1

    async def _until_done(self, runner: TaskRunner) -> None:
        while any(one.waiting or one.attempting for one in (await runner.summary()).values()):
            await self._clock.sleep(_PAUSE_SECONDS)

    def _note(self, what: str, kind: str, name: str, starts: int = 0, running: int = 0) -> None:
        self._journal.write(Event(self._number, what, kind, name, starts, running))


__all__ = ["BOUND", "KINDS", "POISON_STARTS", "CrashLife"]
