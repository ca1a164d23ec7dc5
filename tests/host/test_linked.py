"""What linked identities see of each other, and what they do not once the link is undone."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from agent_host import AgentHost
from agent_host.errors import ConflictError, NotFoundError, SessionReadOnlyError
from agent_host.stores.memory import MemoryStateStore
from agent_host.types import (
    Caller,
    FilePart,
    InputRequired,
    Message,
    Principal,
    Question,
    QuestionId,
    RunCompleted,
    RunResult,
    RunStatus,
    Turn,
)
from agent_host.types.identity import LinkParty, identity_of
from tests.host.counting_store import CountingStore
from tests.host.harness import acting_as
from tests.host.linked import host_of, link, person, said
from tests.identity.people import key, party

A, B, C = person("a"), person("b"), person("c")


async def _runs(host: AgentHost, caller: Caller) -> set[str]:
    return {run.id for run in (await (await host.context.runs(caller)).list()).items}


async def test_runs_from_before_a_link_are_the_persons_and_nobody_elses() -> None:
    async with host_of() as host:
        runs = {caller: (await host.context.run(said(caller))).run.id for caller in (A, B, C)}
        await link(host, "b", "a")
        assert await _runs(host, A) == await _runs(host, B) == {runs[A], runs[B]}
        assert await _runs(host, C) == {runs[C]}
        for caller in (A, B):
            view = await host.context.runs(caller)
            for run_id in (runs[A], runs[B]):
                assert (await view.get(run_id)).run.id == run_id
                assert len([entry async for entry in view.events(run_id)]) >= 2
                assert await view.entries(run_id)
            with pytest.raises(NotFoundError):
                await view.get(runs[C])


async def test_what_is_said_while_linked_stays_with_whom_it_was_said_to() -> None:
    async with host_of() as host:
        before = (await host.context.run(said(B, session="s"))).run
        await link(host, "b", "a")
        linked = (await host.context.run(said(B, "secret of both", session="s"))).run
        assert linked.owner.isolation_key == key("a")
        await host.people.registry.unlink(party("b"))
        assert await _runs(host, B) == {before.id}
        assert await _runs(host, A) == {linked.id}
        theirs = await host.context.run(said(B, "again", session="s"))
        assert theirs.result is not None
        assert theirs.result.text == "hello hello again"


async def test_one_conversation_goes_on_and_the_other_stays_readable() -> None:
    async with host_of() as host:
        await host.context.run(said(A, "of a", session="s"))
        await host.context.run(said(B, "of b", session="s"))
        await host.context.run(said(B, "only b", session="t"))
        mine = (await (await host.context.sessions(B)).get("s")).session
        await link(host, "b", "a")
        current = await host.context.run(said(B, "now", session="s"))
        assert current.result is not None
        assert current.result.text == "of a of a now"
        for caller in (A, B):
            sessions = await host.context.sessions(caller)
            assert (await sessions.get("s")).session.owner.isolation_key == key("a")
            assert (await sessions.get(mine.id)).messages[0].text == "of b"
            assert (await sessions.get("t")).messages[0].text == "only b"
            with pytest.raises(SessionReadOnlyError):
                await host.context.run(said(caller, session=mine.id))
            with pytest.raises(SessionReadOnlyError):
                await sessions.reset(mine.id)
        with pytest.raises(NotFoundError):
            await host.context.run(said(C, session=mine.id))
        sessions = await host.context.sessions(A)
        await sessions.reset("s")
        await sessions.delete(mine.id)
        with pytest.raises(NotFoundError):
            await sessions.get(mine.id)
        with pytest.raises(NotFoundError):
            await sessions.reset(mine.id)


async def test_a_list_of_many_partitions_is_one_list() -> None:
    async with host_of() as host:
        ids = [
            (await host.context.run(said(caller))).run.id
            for caller in (A, B, A, C, B, C, A, B)
            if caller is not C
        ]
        await link(host, "b", "a")
        view = await host.context.runs(B)
        found: list[str] = []
        cursor = None
        while True:
            page = await view.list(cursor=cursor, limit=2)
            found += [run.id for run in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == sorted(ids, reverse=True)


async def test_a_repeated_request_from_before_the_link_gets_its_run() -> None:
    async with host_of() as host:
        first = await host.context.run(said(B, idempotency_key="k"))
        await link(host, "b", "a")
        again = await host.context.run(said(B, idempotency_key="k"))
        assert (again.run.id, again.replayed) == (first.run.id, True)
        async with host.context.stream(said(B, idempotency_key="k")) as stream:
            assert stream.run.id == first.run.id
            assert [entry async for entry in stream]


async def test_files_go_with_the_identity_that_sent_them() -> None:
    content = FilePart(media_type="text/plain", data=b"x" * 9000, name="a.txt")

    async def give(turn: Turn) -> Any:
        message = Message(role="assistant", parts=(content,))
        yield RunCompleted(result=RunResult(messages=(message,)))

    async with host_of(give) as host:
        run = (await host.context.run(said(B, session="s"))).run
        entries = await (await host.context.runs(B)).entries(run.id)
        (part,) = [
            part
            for entry in entries
            if isinstance(entry.event, RunCompleted)
            for part in entry.event.result.messages[0].parts
        ]
        assert isinstance(part, FilePart)
        assert part.id is not None

        async def opened(caller: Caller) -> bytes:
            stream = await (await host.context.files(caller)).open(part.id or "")
            async with aclosing(stream):
                return b"".join([piece async for piece in stream])

        await link(host, "b", "a")
        assert await opened(A) == content.data
        await host.people.registry.unlink(party("b"))
        assert await opened(B) == content.data
        for stranger in (A, C):
            with pytest.raises(NotFoundError):
                await opened(stranger)


async def test_what_a_channel_keeps_stays_beside_what_it_is_about() -> None:
    async with host_of() as host:
        await (await host.context.records(B)).put("old", {"n": 1})
        await (await host.context.records(A)).put("mine", {"n": 1})
        await link(host, "b", "a")
        records = await host.context.records(A)
        kept = await records.get("old")
        assert kept is not None
        await records.put("old", {"n": 2}, expect=kept.version)
        with pytest.raises(ConflictError):
            await records.put("old", {"n": 3}, expect=kept.version)
        await records.put("new", {"n": 1}, expect=0)
        await records.delete("mine")
        assert await (await host.context.records(B)).get("mine") is None
        assert await (await host.context.records(C)).get("old") is None
        await host.people.registry.unlink(party("b"))
        theirs = await host.context.records(B)
        changed = await theirs.get("old")
        assert changed is not None
        assert changed.value == {"n": 2}
        assert await theirs.get("new") is None


async def _ask(turn: Turn) -> Any:
    question = Question(id=QuestionId("q"), prompt="sure?")
    yield InputRequired(questions=(question,))
    yield RunCompleted(result=RunResult(messages=()))


async def _cancel(host: AgentHost, run_id: str) -> None:
    await (await host.context.runs(A)).cancel(run_id)


async def _answer(host: AgentHost, run_id: str) -> None:
    await (await host.context.runs(A)).answer(run_id, {"q": "yes"})


@pytest.mark.parametrize(
    ("act", "status"), [(_cancel, RunStatus.CANCELLED), (_answer, RunStatus.COMPLETED)]
)
async def test_a_question_from_before_can_be_answered_from_the_other_side(
    act: Callable[[AgentHost, str], Awaitable[None]], status: RunStatus
) -> None:
    async with host_of(_ask) as host:
        asked = (await host.context.run(said(B))).run
        assert asked.status is RunStatus.INPUT_REQUIRED
        with pytest.raises(NotFoundError):
            await act(host, asked.id)
        await link(host, "b", "a")
        await act(host, asked.id)
        view = await host.context.runs(B)
        async for _ in view.events(asked.id):
            pass
        assert (await view.get(asked.id)).run.status is status


async def test_a_caller_with_a_key_is_one_with_somebody_in_a_chat() -> None:
    ann = Principal(id="ann", kind="token")
    by_key = Caller(channel="rest")
    async with host_of() as host:
        in_chat = (await host.context.run(said(A))).run.id
        with acting_as("ann"):
            mine = (await host.context.run(said(by_key))).run
            joining = LinkParty(identity=identity_of(ann), natural_key=mine.owner.isolation_key)
            await host.people.registry.link(joining, party("a"))
            assert await _runs(host, by_key) == {mine.id, in_chat}
            everywhere = replace(by_key, channel="openai")
            assert await _runs(host, everywhere) == {mine.id, in_chat}
        with acting_as("bob"):
            assert await _runs(host, by_key) == set()


async def test_where_nobody_is_linked_nothing_is_read_for_it() -> None:
    """The price of a link is paid from the first link on, and for callers with a key not before."""
    reads: list[str] = []

    class Reading(CountingStore):
        async def get(self, key: Any) -> Any:
            reads.append(key.collection)
            return await super().get(key)

    async with host_of(store=Reading(MemoryStateStore())) as host:
        with acting_as("ann"):
            reads.clear()
            await host.context.run(said(Caller(channel="rest")))
            assert not {"identity", "person"} & set(reads)
            await link(host, "b", "a")
            reads.clear()
            await host.context.run(said(Caller(channel="rest")))
            assert reads.count("identity") == 1
            assert "person" not in reads
