"""Entries of journals and histories that cannot be read: set aside in their places, and those who
read go on around them.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from agent_host import AgentHost
from agent_host.cli.restoration import Restoration, Restored
from agent_host.host.record import journal_record, session_record
from agent_host.protocols.host_context import HostContext
from agent_host.stores.disk import DiskStateStore
from agent_host.stores.disk_entry import POSITION_BITS
from agent_host.system import SystemClock
from agent_host.types import (
    ErrorPart,
    InputReceived,
    InputRequired,
    JournalEntry,
    PartAdded,
    Question,
    QuestionId,
    Run,
    RunCancelled,
    RunCompleted,
    RunEvent,
    RunFailed,
    RunStarted,
    RunStatus,
    TargetCapabilities,
    TargetDescription,
    TextDelta,
    Turn,
)
from agent_host.types.store import HOLE, Key
from tests.host.harness import CALLER, acting_as, entries_of, finished, request, runs_of
from tests.host.killed import QUICK, process
from tests.stores.disk_fixture import database

DAMAGED: Final = b"\x80\x04\x95pickle"
NEWER: Final = b'{"v":999,"k":"journal_entry","d":{"new":1}}'


class Telling:
    """Says what it is told in two pieces; asks, fails or stands where it is told to."""

    description = TargetDescription(name="telling")

    def __init__(self, *, rerunnable: bool = False, checkpoints: bool = False) -> None:
        self.capabilities = TargetCapabilities(
            streams=True, rerunnable=rerunnable, checkpoints=checkpoints
        )
        self.stands = asyncio.Event()

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        yield TextDelta(text=turn.text)
        if turn.text == "ask" and turn.answer is None:
            yield InputRequired(questions=(Question(id=QuestionId("q"), prompt="Really?"),))
            return
        if turn.text == "fail":
            raise RuntimeError
        if turn.text == "wait" and turn.attempt == 1:
            self.stands.set()
            await asyncio.Event().wait()
        yield TextDelta(text="!")


def disk(folder: Path) -> DiskStateStore:
    return DiskStateStore(folder, lock_wait=timedelta())


def host_on(store: DiskStateStore, target: object) -> AgentHost:
    return AgentHost(target, store=store, run_policy=QUICK, grace=timedelta())


def plant(folder: Path, stream: Key, position: int, value: bytes = DAMAGED) -> bytes:
    """Damage one entry of a store that nobody has open; what was there."""
    with database(folder) as connection:
        (number,) = connection.execute(
            "SELECT number FROM streams WHERE collection = ? AND partition = ? AND id = ?", stream
        ).fetchone()
        place = (number << POSITION_BITS | position,)
        (before,) = connection.execute(
            "SELECT entry FROM entries WHERE place = ?", place
        ).fetchone()
        connection.execute("UPDATE entries SET entry = ? WHERE place = ?", (value, *place))
    found: bytes = before
    return found


def journal_of(run: Run) -> Key:
    return Key(journal_record.COLLECTION, run.owner.partition, run.id)


def history_of(run: Run) -> Key:
    return Key(session_record.HISTORY, run.owner.partition, str(run.session_id))


async def lived(folder: Path, *texts: str, target: object | None = None) -> list[Run]:
    """Turns of alice's in one session, in a process that is gone."""
    async with host_on(disk(folder), target or Telling(checkpoints=True)) as host:
        with acting_as("alice"):
            return [(await host.context.run(request(text, session="s"))).run for text in texts]


def is_unreadable(entry: JournalEntry) -> bool:
    event = entry.event
    return (
        isinstance(event, PartAdded)
        and isinstance(event.part, ErrorPart)
        and event.part.code == "unreadable_event"
    )


async def messages_of(context: HostContext) -> list[str]:
    view = await context.sessions(CALLER)
    return [message.text for message in (await view.get("s")).messages]


@pytest.mark.parametrize("value", [DAMAGED, NEWER, b"", b"{}"])
@pytest.mark.parametrize("position", range(4))
async def test_an_event_that_cannot_be_read_is_told_as_such_and_once(
    position: int, value: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (run,) = await lived(tmp_path, "hello")
    plant(tmp_path, journal_of(run), position, value)
    store = disk(tmp_path)
    async with host_on(store, Telling()) as host:
        with acting_as("alice"):
            for _ in range(2):
                entries = await entries_of(host.context, run.id)
                assert [entry.sequence for entry in entries] == [0, 1, 2, 3]
                assert isinstance(entries[-1].event, RunCompleted)
                assert [is_unreadable(entry) for entry in entries[:3]] == [
                    place == position for place in range(3)
                ]
                view = await runs_of(host.context)
                assert await view.entries(run.id) == entries
                assert (
                    await entries_of(host.context, run.id, after=position - 1)
                    == (entries[position:])
                )
                result = (await view.get(run.id)).result
                assert result is not None
                assert result.text == "hello!"
            again = await host.context.run(request("again", session="s"))
            assert again.run.status is RunStatus.COMPLETED
            assert await messages_of(host.context) == ["hello", "hello!", "again", "again!"]
        (one,) = await store.quarantined()
        assert (one.key, one.position) == (journal_of(run), position)
        kept = await store.find_quarantined(one.number)
        assert kept is not None
        assert kept.value == value
    told = [record.getMessage() for record in caplog.records if "quarantine list" in record.message]
    assert len(told) == 1
    assert "an entry of a journal stream" in told[0]
    assert run.id not in told[0]


async def test_an_entry_of_another_place_is_not_this_ones(tmp_path: Path) -> None:
    """A reader that went by the number in it would go round in circles."""
    (run,) = await lived(tmp_path, "hello")
    first = plant(tmp_path, journal_of(run), 0)
    plant(tmp_path, journal_of(run), 0, first)
    plant(tmp_path, journal_of(run), 2, first)
    async with host_on(disk(tmp_path), Telling()) as host:
        with acting_as("alice"):
            entries = await entries_of(host.context, run.id)
    assert [entry.sequence for entry in entries] == [0, 1, 2, 3]
    assert is_unreadable(entries[2])


async def test_the_end_of_a_run_is_told_by_its_record(tmp_path: Path) -> None:
    done, failed, asking = await lived(tmp_path, "hello", "fail", "ask")
    async with host_on(disk(tmp_path), Telling(checkpoints=True)) as host:
        with acting_as("alice"):
            stopped = (await host.context.run(request("ask", session="t"))).run
            await (await runs_of(host.context)).cancel(stopped.id)
    for run, position in ((done, 3), (failed, 2), (asking, 2), (stopped, 3)):
        plant(tmp_path, journal_of(run), position)
    store = disk(tmp_path)
    async with host_on(store, Telling(checkpoints=True)) as host:
        with acting_as("alice"):
            view = await runs_of(host.context)
            ends = {
                run.id: (await entries_of(host.context, run.id))[-1]
                for run in (done, failed, stopped, asking)
            }
            assert [entry.sequence for entry in ends.values()] == [3, 2, 3, 2]
            completed = ends[done.id].event
            assert isinstance(completed, RunCompleted)
            assert completed.result.text == "hello!"
            assert isinstance(completed.result.messages[-1].parts[0], ErrorPart)
            assert ends[failed.id].event == RunFailed(failure=failed.failure)  # type: ignore[arg-type]
            assert ends[stopped.id].event == RunCancelled(reason="unknown")
            assert ends[asking.id].event == InputRequired(questions=asking.questions)
            assert (await view.get(done.id)).result == completed.result
            await view.answer(asking.id, {QuestionId("q"): "yes"})
            answered = await finished(host.context, asking.id)
            assert answered.run.status is RunStatus.COMPLETED
            events = [entry.event for entry in await entries_of(host.context, asking.id)]
            assert isinstance(events[3], InputReceived)
        assert len(await store.quarantined()) == 4


async def test_what_stands_behind_a_question_is_its_answer(tmp_path: Path) -> None:
    async with host_on(disk(tmp_path), Telling(checkpoints=True)) as host:
        with acting_as("alice"):
            run = (await host.context.run(request("ask", session="s"))).run
            await (await runs_of(host.context)).answer(run.id, {QuestionId("q"): "yes"})
            before = await entries_of(host.context, run.id)
            await finished(host.context, run.id)
            before = await entries_of(host.context, run.id)
    position = next(entry.sequence for entry in before if isinstance(entry.event, InputReceived))
    plant(tmp_path, journal_of(run), position)
    async with host_on(disk(tmp_path), Telling(checkpoints=True)) as host:
        with acting_as("alice"):
            entries = await entries_of(host.context, run.id)
            assert entries[position].event == before[position].event
            (first, *_) = await entries_of(host.context, run.id, after=position - 1)
            assert first.event == before[position].event


async def test_a_history_goes_on_without_what_cannot_be_read(tmp_path: Path) -> None:
    runs = await lived(tmp_path, "one", "two", "three")
    plant(tmp_path, history_of(runs[0]), 2)
    plant(tmp_path, history_of(runs[0]), 5)
    store = disk(tmp_path)
    seen: list[list[str]] = []

    async def agent(turn: Turn) -> str:
        history = () if turn.history is None else turn.history.messages
        seen.append([message.text for message in history])
        return "done"

    async with host_on(store, agent) as host:
        with acting_as("alice"):
            view = await host.context.sessions(CALLER)
            backwards: list[str] = []
            before: int | None = None
            while before is None or before:
                page = await view.get("s", limit=2, before=before)
                backwards = [message.text for message in page.messages] + backwards
                before = page.earlier
            assert backwards == ["one", "one!", "two!", "three"]
            await host.context.run(request("four", session="s"))
            assert seen == [["one", "one!", "two!", "three"]]
            assert await messages_of(host.context) == [*backwards, "four", "done"]
        aside = await store.quarantined()
        assert {(one.key.collection, one.position) for one in aside} == {
            ("history", 2),
            ("history", 5),
        }


async def test_a_page_of_nothing_but_holes_leads_on(tmp_path: Path) -> None:
    runs = await lived(tmp_path, "one", "two")
    for position in (2, 3):
        plant(tmp_path, history_of(runs[0]), position)
    async with host_on(disk(tmp_path), Telling()) as host:
        with acting_as("alice"):
            view = await host.context.sessions(CALLER)
            found = await view.get("s", limit=2)
            assert (found.messages, found.earlier) == ((), 2)


async def _left_waiting(folder: Path, target: Telling) -> Run:
    """A run that stands in the middle of its answer when its process is killed."""
    async with disk(folder) as store, process(store, target) as context:
        left = await context.start(request("wait", background=True, session="s"))
        await target.stands.wait()
        view = await runs_of(context)
        while len(await view.entries(left.run.id)) < 2:
            await asyncio.sleep(0)
    return left.run


@pytest.mark.parametrize("checkpoints", [False, True])
async def test_a_run_goes_on_where_what_is_lost_is_no_part_of_its_answer(
    tmp_path: Path, *, checkpoints: bool
) -> None:
    def target() -> Telling:
        return Telling(rerunnable=True, checkpoints=checkpoints)

    run = await _left_waiting(tmp_path, target())
    plant(tmp_path, journal_of(run), 1)
    async with host_on(disk(tmp_path), target()) as host:
        with acting_as("alice"):
            ended = await finished(host.context, run.id)
            if checkpoints:  # it would have made one answer of both attempts
                assert ended.run.failure is not None
                assert ended.run.failure.code == "interrupted"
            else:
                assert ended.result is not None
                assert ended.result.text == "wait!"
            again = await host.context.run(request("again", session="s"))
            assert again.run.status is RunStatus.COMPLETED


async def test_a_waiting_run_with_a_hole_can_be_cancelled(tmp_path: Path) -> None:
    (run,) = await lived(tmp_path, "ask")
    plant(tmp_path, journal_of(run), 0)
    async with host_on(disk(tmp_path), Telling(checkpoints=True)) as host:
        with acting_as("alice"):
            cancelled = await (await runs_of(host.context)).cancel(run.id)
            assert cancelled.status is RunStatus.CANCELLED


async def test_an_answer_to_a_run_whose_beginning_is_lost_fails_it_once(tmp_path: Path) -> None:
    (run,) = await lived(tmp_path, "ask")
    plant(tmp_path, journal_of(run), 1)
    async with host_on(disk(tmp_path), Telling(checkpoints=True)) as host:
        with acting_as("alice"):
            await (await runs_of(host.context)).answer(run.id, {QuestionId("q"): "yes"})
            ended = await finished(host.context, run.id)
            assert ended.run.failure is not None
            assert ended.run.failure.code == "interrupted"
            again = await host.context.run(request("again", session="s"))
            assert again.run.status is RunStatus.COMPLETED


async def test_a_newer_release_gets_it_back_in_its_place(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (run,) = await lived(tmp_path, "hello")
    before = plant(tmp_path, journal_of(run), 1, NEWER)
    plant(tmp_path, history_of(run), 1)
    async with host_on(disk(tmp_path), Telling()) as host:
        with acting_as("alice"):
            await entries_of(host.context, run.id)
            await messages_of(host.context)
    async with disk(tmp_path) as store:
        restoration = Restoration(store, SystemClock())
        became = [await restoration.put_back(one.number) for one in await store.quarantined()]
        assert became == [Restored.UNREADABLE, Restored.UNREADABLE]
    with database(tmp_path) as connection:  # as a release that can read it sees it
        connection.execute("UPDATE quarantine SET value = ? WHERE value = ?", (before, NEWER))
    async with disk(tmp_path) as store:
        restoration = Restoration(store, SystemClock())
        became = [await restoration.put_back(one.number) for one in await store.quarantined()]
        assert became == [Restored.PUT_BACK, Restored.UNREADABLE]
        assert HOLE not in (await store.read(journal_of(run))).entries
    async with host_on(disk(tmp_path), Telling()) as host:
        with acting_as("alice"):
            events = [entry.event for entry in await entries_of(host.context, run.id)]
    assert [type(event) for event in events] == [RunStarted, TextDelta, TextDelta, RunCompleted]
    assert sum(record.levelno == logging.ERROR for record in caplog.records) == 2
