"""The task runner's contract, part seven: writes done as an attempt begins and ends."""

from collections.abc import Sequence

import pytest

from agent_host.errors import ConflictError, PermanentTaskError, RetryTaskError
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.task_runner import PreparedAttempt, TaskRunner
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_fixture import MINUTE, SECOND, key, let_others_run, until
from agent_host.testing.task_fixture import ONCE, Process, Recorder, RunnerFixture, spec
from agent_host.types.store import ABSENT, Key, Put, Write
from agent_host.types.task import RetryPolicy, Task, TaskStatus


class Ledger:
    """A handler whose work is a record: begun with the attempt, done with its end."""

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self.handled = 0
        self.prepared: list[Task] = []
        self.worked: list[tuple[Task, bytes]] = []

    async def handle(self, task: Task) -> Sequence[Write]:
        self.handled += 1
        return [Put(self.place(task), b"handled")]

    async def prepare(self, task: Task) -> PreparedAttempt:
        self.prepared.append(task)
        return PreparedAttempt([Put(self.place(task), b"begun", ABSENT)], self.work)

    async def work(self, task: Task) -> Sequence[Write]:
        record = await self._store.get(self.place(task))
        self.worked.append((task, b"" if record is None else record.value))
        return [Put(self.place(task), b"done", 1)]

    async def written(self, task: Task) -> bytes | None:
        record = await self._store.get(self.place(task))
        return None if record is None else record.value

    def place(self, task: Task) -> Key:
        return key(task.id)


class WriteSuite(RunnerFixture):
    """Atomic with the task's own record, or not done."""

    @pytest.fixture
    def ledger(self, store: StateStore) -> Ledger:
        return Ledger(store)

    async def test_what_begins_and_ends_with_an_attempt_is_written_with_it(
        self, runner: TaskRunner, ledger: Ledger
    ) -> None:
        runner.register("kind", ledger.handle, concurrency=1, retry=ONCE, prepare=ledger.prepare)
        runner.resume()
        task = await runner.schedule(spec())
        await self.until_over(runner, task)
        ((worked, seen),) = ledger.worked
        assert (worked.id, worked.starts, seen) == (task.id, 1, b"begun")
        assert ledger.prepared[0].starts == 0
        assert await ledger.written(task) == b"done"
        assert ledger.handled == 0

    async def test_what_is_done_is_forgotten_if_it_is_said_so(
        self, runner: TaskRunner, ledger: Ledger
    ) -> None:
        runner.register("kind", ledger.handle, concurrency=1, retry=ONCE, keeps_done=False)
        runner.resume()
        task = await runner.schedule(spec(key="k", lane="l"))
        while await runner.get(task.id) is not None:
            await let_others_run()
        assert await ledger.written(task) == b"handled"
        again = await runner.schedule(spec(key="k", lane="l"))
        assert again.id != task.id
        while await runner.get(again.id) is not None:
            await let_others_run()
        assert (await runner.kept()).items == ()

    async def test_writes_that_conflict_have_the_handler_look_again(
        self, runner: TaskRunner, store: StateStore, ledger: Ledger
    ) -> None:
        async def overtaken(task: Task) -> Sequence[Write]:
            await store.commit([Put(ledger.place(task), b"another's")])
            return [Put(ledger.place(task), b"done", 1)]

        async def prepare(_: Task) -> PreparedAttempt:
            return PreparedAttempt((), overtaken)

        runner.register("kind", ledger.handle, concurrency=1, retry=ONCE, prepare=prepare)
        runner.resume()
        task = await runner.schedule(spec())
        await store.commit([Put(ledger.place(task), b"there before")])
        over = await self.until_over(runner, task)
        assert (over.starts, ledger.handled) == (1, 1)
        assert await ledger.written(task) == b"handled"

    async def test_a_beginning_that_conflicts_is_prepared_anew(
        self, runner: TaskRunner, ledger: Ledger
    ) -> None:
        versions = iter((7, ABSENT))

        async def prepare(task: Task) -> PreparedAttempt:
            ledger.prepared.append(task)
            return PreparedAttempt(
                [Put(ledger.place(task), b"begun", next(versions, ABSENT))], work
            )

        async def work(_: Task) -> None:
            return

        runner.register("kind", ledger.handle, concurrency=1, retry=ONCE, prepare=prepare)
        runner.resume()
        task = await runner.schedule(spec())
        over = await self.until_over(runner, task)
        assert (over.starts, len(ledger.prepared) > 1) == (1, True)
        assert await ledger.written(task) == b"begun"

    async def test_waiting_counts_for_nothing(
        self, runner: TaskRunner, clock: ManualClock, ledger: Ledger
    ) -> None:
        ready_at = clock.now() + 2 * MINUTE
        asked = 0

        async def prepare(task: Task) -> PreparedAttempt:
            nonlocal asked
            asked += 1
            if clock.now() < ready_at:
                raise RetryTaskError("not yet", MINUTE)
            return await ledger.prepare(task)

        runner.register("kind", ledger.handle, concurrency=1, retry=ONCE, prepare=prepare)
        runner.resume()
        task = await runner.schedule(spec())
        await until(lambda: asked > 0)
        clock.advance(MINUTE - SECOND)
        await let_others_run()
        assert ledger.prepared == []
        await until(lambda: bool(ledger.worked), clock=clock)
        over = await self.until_over(runner, task)
        assert over.starts == 1

    @pytest.mark.parametrize("error", [LookupError(), PermanentTaskError("no"), ConflictError()])
    async def test_what_cannot_be_prepared_is_left_to_the_handler(
        self, runner: TaskRunner, ledger: Ledger, error: Exception
    ) -> None:
        async def prepare(_: Task) -> PreparedAttempt:
            if ledger.prepared:
                raise AssertionError
            ledger.prepared.append(_)
            raise error

        runner.register("kind", ledger.handle, concurrency=1, retry=ONCE, prepare=prepare)
        runner.resume()
        task = await runner.schedule(spec())
        await self.until_over(runner, task)
        assert ledger.handled == 1

    async def test_a_crash_between_beginning_and_end_leaves_both_or_neither(
        self, process: Process, runner: TaskRunner, ledger: Ledger
    ) -> None:
        stuck = Recorder()
        async with process() as earlier:
            earlier.register(
                "kind", ledger.handle, concurrency=1, retry=RetryPolicy(), prepare=ledger.prepare
            )
            task = await earlier.schedule(spec())
        assert await ledger.written(task) is None
        runner.register("kind", stuck, concurrency=1, retry=RetryPolicy())
        runner.resume()
        over = await self.until_over(runner, task)
        assert (over.status, over.starts) == (TaskStatus.SUCCEEDED, 1)
        assert stuck.ended == 1

    async def until_over(self, runner: TaskRunner, task: Task) -> Task:
        while True:
            found = await runner.get(task.id)
            assert found is not None
            if found.over_at is not None:
                return found
            await let_others_run()


__all__ = ["Ledger", "WriteSuite"]
