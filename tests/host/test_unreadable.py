"""A record of a newer release, or a damaged one, costs what it is about and nothing else."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from agent_host import AgentHost
from agent_host.errors import NotFoundError
from agent_host.stores.memory import MemoryStateStore
from agent_host.types import Key, Put, Run, RunPolicy, RunStatus, Turn
from agent_host.types.store import Append, DeleteStream, Write
from tests.host.harness import acting_as, finished, hosted, request, runs_of
from tests.host.killed import QUICK, SurvivingStore, process

NEWER = b'{"v":999,"k":"%b","d":{}}'


async def shout(text: str) -> str:
    return text.upper()


async def stand(turn: Turn) -> AsyncIterator[str]:
    yield turn.text
    await asyncio.Event().wait()


async def queued_behind_another(store: MemoryStateStore) -> Run:
    """A background run of the session `s` that no process has begun with."""
    policy = RunPolicy(background_limit=1, cancel_grace=QUICK.cancel_grace)
    async with process(store, stand, run_policy=policy) as context:
        busy = await context.start(request("busy", background=True))
        view = await runs_of(context)
        while (await view.get(busy.run.id)).run.status is not RunStatus.RUNNING:
            await asyncio.sleep(0)
        return (await context.start(request("one", background=True, session="s"))).run


def spoilt(run: Run, what: str) -> list[Write]:
    partition = run.owner.partition
    if what == "journal":
        key = Key("journal", partition, run.id)
        return [DeleteStream(key), Append(key, (NEWER % b"journal_entry",), None, None)]
    if what == "run_live":
        return [Put(Key(what, "all", run.id), NEWER % b"live_run")]
    identifier = run.id if what == "run_request" else str(run.session_id)
    kind = b"stored_request" if what == "run_request" else b"session"
    return [Put(Key(what, partition, identifier), NEWER % kind)]


@pytest.mark.parametrize("what", ["run_request", "journal"])
async def test_a_queued_run_that_cannot_be_made_sense_of_has_failed(what: str) -> None:
    async with MemoryStateStore() as store:
        run = await queued_behind_another(store)
        await store.commit(spoilt(run, what))
        async with process(store, shout) as context:
            view = await runs_of(context)
            while not (found := (await view.get(run.id)).run).status.is_terminal:
                await asyncio.sleep(0)
            assert found.failure is not None
            assert found.failure.code == "interrupted"
            other = await context.start(request("two", background=True, session="t"))
            assert (await finished(context, other.run.id)).run.status is RunStatus.COMPLETED


@pytest.mark.parametrize("what", ["journal", "session", "run_live"])
async def test_a_left_run_that_cannot_be_made_sense_of_has_failed(what: str) -> None:
    async with MemoryStateStore() as store:
        async with (
            process(store, stand) as context,
            context.stream(request("one", session="s")) as stream,
        ):
            async for _ in stream:
                break
            run = stream.run
        await store.commit(spoilt(run, what))
        async with process(store, shout) as context:
            view = await runs_of(context)
            while not (await view.get(run.id)).run.status.is_terminal:
                await asyncio.sleep(0)


async def test_a_run_of_a_newer_release_is_not_listed_and_hides_no_other() -> None:
    store = MemoryStateStore()
    async with hosted(shout, store=store) as context:
        runs = [(await context.run(request(str(number)))).run for number in range(3)]
        await store.commit([Put(Key("run", runs[1].owner.partition, runs[1].id), NEWER % b"run")])
        view = await runs_of(context)
        first = await view.list(limit=2)
        second = await view.list(limit=2, cursor=first.next_cursor)
        listed = {run.id for run in (*first.items, *second.items)}
        assert listed == {runs[0].id, runs[2].id}
        with pytest.raises(NotFoundError):
            await view.get(runs[1].id)


@pytest.mark.parametrize("what", ["run", "run_index"])
async def test_operators_are_shown_the_others(what: str) -> None:
    async with (
        MemoryStateStore() as memory,
        AgentHost(shout, store=SurvivingStore(memory)) as host,
    ):
        with acting_as("alice"):
            runs = [(await host.context.run(request(str(n)))).run for n in range(3)]
        partition = runs[1].owner.partition if what == "run" else "all"
        kind = b"run" if what == "run" else b"run_owner"
        await memory.commit([Put(Key(what, partition, runs[1].id), NEWER % kind)])
        page = await host.operator.list()
    assert {run.id for run in page.items} == {runs[0].id, runs[2].id}


@pytest.mark.parametrize("collection", ["session_name", "session_question"])
async def test_damaged_text_reads_as_missing(collection: str) -> None:
    store = MemoryStateStore()
    async with hosted(shout, store=store) as context:
        outcome = await context.run(request("one", session="s"))
        identifier = "s" if collection == "session_name" else str(outcome.run.session_id)
        key = Key(collection, outcome.run.owner.partition, identifier)
        await store.commit([Put(key, b"\xff\xfe")])
        again = await context.run(request("two", session="s"))
        assert again.result is not None
        is_new = again.run.session_id != outcome.run.session_id
        assert is_new == (collection == "session_name")
