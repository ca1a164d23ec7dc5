"""What the host writes by hand for every request reads back as what was written."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from agent_host.host.file.keeper import FileKeeper
from agent_host.host.record.journal_record import CODEC as ENTRY_CODEC
from agent_host.host.record.journal_record import JournalRecords
from agent_host.host.record.plain import plain_event_fields, plain_fields
from agent_host.host.record.run_record import CODEC as RUN_CODEC
from agent_host.host.record.run_record import RunRecords
from agent_host.host.record.session_record import MESSAGE_CODEC, SESSION_CODEC, SessionRecords
from agent_host.stores.memory import MemoryStateStore
from agent_host.stores.memory_file import MemoryFileStore
from agent_host.types import (
    DataPart,
    InputReceived,
    JournalEntry,
    Message,
    ReasoningDelta,
    Run,
    RunCompleted,
    RunEvent,
    RunFailure,
    RunId,
    RunPolicy,
    RunResult,
    RunStarted,
    Session,
    SessionPolicy,
    TextDelta,
    TextPart,
    Usage,
)

RUN = RunId("run_1")
FILES = FileKeeper(MemoryFileStore())
times = st.datetimes(timezones=st.just(UTC), min_value=datetime(1970, 1, 1))  # noqa: DTZ001 - the zone is given beside it
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
json = st.dictionaries(texts, st.integers(-(2**70), 2**70) | texts | st.none(), max_size=3)
messages = st.builds(
    Message,
    role=st.sampled_from(["user", "assistant", "system", "tool"]),
    parts=st.lists(
        st.builds(TextPart, text=texts) | st.builds(DataPart, data=texts), max_size=3
    ).map(tuple),
    id=st.none() | texts,
    metadata=st.just(dict[str, str]()) | json,
)
results = st.builds(
    RunResult,
    messages=st.lists(messages, max_size=3).map(tuple),
    value=st.none() | texts,
    usage=st.none() | st.builds(Usage),
)
events: st.SearchStrategy[RunEvent] = st.one_of(
    st.builds(RunStarted, run_id=texts, session_id=st.none() | texts, attempt=st.integers(1, 9)),
    st.builds(InputReceived, question_ids=st.lists(texts, max_size=3).map(tuple)),
    st.builds(TextDelta, text=texts, message_id=st.none() | texts),
    st.builds(ReasoningDelta, text=texts),
    st.builds(RunCompleted, result=results),
)
failures = st.none() | st.builds(RunFailure, code=texts, message=texts, retryable=st.booleans())
runs = st.builds(
    Run,
    created_at=times,
    updated_at=times,
    started_at=st.none() | times,
    finished_at=st.none() | times,
    operation=texts,
    session_id=st.none() | texts,
    background=st.booleans(),
    attempt=st.integers(0, 9),
    failure=failures,
    metadata=json,
)
sessions = st.builds(
    Session,
    created_at=times,
    last_active_at=times,
    name=st.none() | texts,
    superseded_by=st.none() | texts,
)


@given(runs)
def test_runs_come_back(run: Run) -> None:
    written = RunRecords(MemoryStateStore(), RunPolicy()).put(run, expect=0).value
    assert RUN_CODEC.decode(written) == run == RUN_CODEC.decode(RUN_CODEC.encode(run))


@given(sessions)
def test_sessions_come_back(session: Session) -> None:
    written = (
        SessionRecords(MemoryStateStore(), SessionPolicy(), FILES).put(session, expect=0).value
    )
    read = SESSION_CODEC.decode(written)
    assert read == session == SESSION_CODEC.decode(SESSION_CODEC.encode(session))


@given(sessions, st.lists(messages, max_size=3))
def test_messages_come_back(session: Session, said: list[Message]) -> None:
    written = (
        SessionRecords(MemoryStateStore(), SessionPolicy(), FILES).append(session, said).entries
    )
    assert [MESSAGE_CODEC.decode(entry) for entry in written] == said


@given(st.integers(0), times, events)
def test_entries_come_back(sequence: int, at: datetime, event: RunEvent) -> None:
    entry = JournalEntry(sequence=sequence, at=at, event=event)
    assert ENTRY_CODEC.decode(JournalRecords.encode(entry)) == entry


def test_every_member_is_written_by_hand() -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    message = Message.user("hello")
    assert MESSAGE_CODEC.encode_own(message, plain_fields(message)) == MESSAGE_CODEC.encode(message)
    for event in (
        RunStarted(run_id=RUN),
        InputReceived(question_ids=()),
        TextDelta(text="a"),
        ReasoningDelta(text="a"),
        RunCompleted(result=RunResult(messages=(message,))),
    ):
        entry = JournalEntry(sequence=0, at=now, event=event)
        assert plain_event_fields(event) is not None
        assert JournalRecords.encode(entry) == ENTRY_CODEC.encode(entry)
