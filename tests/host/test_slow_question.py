"""A question that takes long to be stored, while its run is found to be a slow one."""

from collections.abc import AsyncIterator, Sequence

import pytest

from agent_host.host.record import live_record
from agent_host.host.run.patience import Impatient
from agent_host.protocols.state_store import StateStore
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.store_fixture import let_others_run
from agent_host.types import (
    InputRequired,
    Key,
    Lease,
    Put,
    Question,
    QuestionId,
    RunEvent,
    RunStatus,
    TargetCapabilities,
    TargetDescription,
    TextDelta,
    Turn,
    Write,
)
from tests.host.harness import finished, request, runs_of
from tests.host.killed import SurvivingStore, process


class Asking:
    """Asks at once, and goes on in any process."""

    description = TargetDescription(name="asking")
    capabilities = TargetCapabilities(checkpoints=True)

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        if turn.answer is None:
            yield InputRequired(questions=(Question(id=QuestionId("q"), prompt="Really?"),))
            return
        yield TextDelta(text="done")


class DawdlingStore(SurvivingStore):
    """A disk that takes its time. When a task is to be stored, `watched` are found to be slow."""

    def __init__(self, store: StateStore) -> None:
        super().__init__(store)
        self.watched: list[Impatient] = []

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        touched = {write[0].collection for write in writes if isinstance(write, Put)}
        if "tasks" in touched:
            for execution in self.watched:
                execution.prove_slow()
            await let_others_run()
        elif live_record.COLLECTION in touched:
            await let_others_run()
            await let_others_run()
        return await super().commit(writes, fence=fence)


async def test_it_waits_on_behind_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    async with MemoryStateStore() as store:
        dawdling = DawdlingStore(store)

        def watch(_: object, execution: Impatient) -> None:
            dawdling.watched.append(execution)

        monkeypatch.setattr("agent_host.host.run.patience.Patience.watch", watch)
        async with process(dawdling, Asking()) as context:
            run = (await context.run(request())).run
            assert run.status is RunStatus.INPUT_REQUIRED
        # Nobody executes it: whoever found such an entry would take the run for interrupted.
        found = await store.scan(live_record.COLLECTION, "all")
        assert [record.key for record in found] == list[Key]()
        async with process(store, Asking()) as context:
            await (await runs_of(context)).answer(run.id, {QuestionId("q"): "yes"})
            assert (await finished(context, run.id)).run.status is RunStatus.COMPLETED
