"""Stored payloads come back as they were, and what is not theirs is refused."""

import json
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.codec import VersionedCodec
from agent_host.errors import UnreadableRecordError
from agent_host.types.event import (
    ArtifactChunk,
    InputRequired,
    JournalEntry,
    PartAdded,
    RunCompleted,
    RunEvent,
    RunFailed,
    RunFailure,
    TextDelta,
    UsageReported,
)
from agent_host.types.identifier import IsolationKey, QuestionId, RunId
from agent_host.types.message import Message
from agent_host.types.part import (
    DataPart,
    ErrorPart,
    FilePart,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from agent_host.types.principal import Owner
from agent_host.types.question import Question
from agent_host.types.result import Artifact, RunResult, Usage
from agent_host.types.run import Run, RunStatus

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
ENTRIES = VersionedCodec("journal", 1, JournalEntry)
RUNS = VersionedCodec("run", 3, Run)

texts = st.text(st.characters(exclude_categories=["Cs"]))
floats = st.floats(allow_nan=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | floats | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
json_objects = st.dictionaries(texts, json_values, max_size=3)
parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(TextPart, text=texts, type=st.just("text")),
    st.builds(FilePart, media_type=texts, data=st.binary(), uri=st.none(), type=st.just("file")),
    st.builds(FilePart, media_type=texts, data=st.none(), uri=texts, type=st.just("file")),
    st.builds(DataPart, data=json_values, media_type=texts),
    st.builds(ToolCallPart, call_id=texts, name=texts, arguments=json_values),
    st.builds(ToolResultPart, call_id=texts, name=texts, result=json_values),
    st.builds(ReasoningPart, text=texts, metadata=json_objects),
    st.builds(ErrorPart, code=texts, message=texts),
)
some_parts = st.lists(parts, max_size=3).map(tuple)
results = st.builds(
    RunResult,
    messages=st.lists(
        st.builds(Message, role=st.just("assistant"), parts=some_parts, metadata=json_objects),
        max_size=2,
    ).map(tuple),
    value=json_values,
    outputs=json_objects,
    artifacts=st.lists(
        st.builds(Artifact, id=texts, parts=some_parts, metadata=json_objects), max_size=2
    ).map(tuple),
    usage=st.none() | st.just(Usage(input_tokens=1)),
    metadata=json_objects,
)
events: st.SearchStrategy[RunEvent] = st.one_of(
    st.builds(TextDelta, text=texts, message_id=st.none()),
    st.builds(PartAdded, part=parts, message_id=st.none()),
    st.builds(ArtifactChunk, artifact_id=texts, parts=some_parts, metadata=json_objects),
    st.builds(
        InputRequired,
        questions=st.just((Question(prompt="?", id=QuestionId("q"), schema={"type": "string"}),)),
    ),
    st.builds(UsageReported, usage=st.just(Usage(requests=2))),
    st.builds(RunFailed, failure=st.just(RunFailure(code="c", message="m"))),
    st.builds(RunCompleted, result=results),
)


@given(events, st.integers(min_value=0), st.datetimes(timezones=st.just(UTC)))
def test_a_journal_comes_back_as_it_was(event: RunEvent, sequence: int, at: datetime) -> None:
    entry = JournalEntry(sequence=sequence, at=at, event=event)
    assert ENTRIES.decode(ENTRIES.encode(entry)) == entry


def test_a_run_comes_back_as_it_was() -> None:
    run = Run(
        id=RunId("run_1"),
        owner=Owner(tenant="t", isolation_key=IsolationKey("iso_1")),
        status=RunStatus.FAILED,
        created_at=NOW,
        updated_at=NOW,
        channel="rest",
        failure=RunFailure(code="timeout", message="Too slow."),
        metadata={"a": [1, None, {"b": 2.5}]},
    )
    assert RUNS.decode(RUNS.encode(run)) == run


def test_the_payload_is_an_envelope_of_plain_json() -> None:
    payload = VersionedCodec("usage", 7, Usage).encode(Usage(input_tokens=3))
    envelope = json.loads(payload)
    assert (envelope["v"], envelope["k"], envelope["d"]["input_tokens"]) == (7, "usage", 3)


def test_containers_can_be_stored_too() -> None:
    codec = VersionedCodec("messages", 1, tuple[Message, ...])
    messages = (Message.user("a"), Message.assistant("b"))
    assert codec.decode(codec.encode(messages)) == messages


def test_numbers_that_are_no_numbers_survive() -> None:
    part = DataPart(data={"values": [math.nan, math.inf, -math.inf]})
    entry = JournalEntry(sequence=0, at=NOW, event=PartAdded(part=part))
    event = ENTRIES.decode(ENTRIES.encode(entry)).event
    assert isinstance(event, PartAdded)
    assert isinstance(event.part, DataPart)
    data = event.part.data
    assert isinstance(data, dict)
    assert str(data["values"]) == "[nan, inf, -inf]"


def entry_of(data: object) -> JournalEntry:
    part = DataPart(data=data)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    return JournalEntry(sequence=0, at=NOW, event=PartAdded(part=part))


def nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("data", [object(), "\ud800", nested(10_000), nested(230)])
def test_what_json_cannot_say_is_refused_when_written(data: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        ENTRIES.encode(entry_of(data))


@given(st.integers(0, 300))
def test_what_was_written_can_be_read_however_deep(depth: int) -> None:
    try:
        payload = ENTRIES.encode(entry_of(nested(depth)))
    except ValueError:
        assert depth > 150
    else:
        assert ENTRIES.decode(payload) == entry_of(nested(depth))


def test_many_shallow_values_are_not_taken_for_deep_ones() -> None:
    entry = entry_of([[number] for number in range(1000)])
    assert ENTRIES.decode(ENTRIES.encode(entry)) == entry


def test_a_field_of_the_wrong_type_is_refused_when_written() -> None:
    wrong = TextDelta(text=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="str"):
        ENTRIES.encode(JournalEntry(sequence=0, at=NOW, event=wrong))


GOOD = ENTRIES.encode(JournalEntry(sequence=1, at=NOW, event=TextDelta(text="secret")))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (GOOD.replace(b'"v":1', b'"v":2'), "of version 2; this release reads version 1"),
        (GOOD.replace(b'"k":"journal"', b'"k":"run"'), "of another kind"),
        (GOOD[:-1], "damaged"),
        (GOOD + b"x", "damaged"),
        (b"", "damaged"),
        (b"null", "damaged"),
        (b"{}", "damaged"),
        (b"\xff\xfe", "damaged"),
        (b"\x80\x04\x95pickle", "damaged"),
        (GOOD.replace(b'"sequence":1', b'"sequence":"1"'), "damaged"),
        (GOOD.replace(b'"text":', b'"sent":1,"text":'), "damaged"),
        (GOOD.replace(b'"text_delta"', b'"no_such_event"'), "damaged"),
        (GOOD.replace(b'"d":', b'"extra":1,"d":'), "damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_without_its_content(payload: bytes, reason: str) -> None:
    with pytest.raises(UnreadableRecordError, match=reason) as caught:
        ENTRIES.decode(payload)
    assert "secret" not in str(caught.value)
    assert "secret" not in str(caught.value.__cause__)


def test_another_version_of_other_fields_is_named_as_such() -> None:
    with pytest.raises(UnreadableRecordError, match="of version 2"):
        ENTRIES.decode(b'{"v":2,"k":"journal","d":{"quite":"different"}}')


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_cleanly(payload: bytes) -> None:
    with pytest.raises(UnreadableRecordError):
        ENTRIES.decode(payload)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cat:
    name: str
    kind: str = "cat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dog:
    name: str
    age: timedelta = field(default=timedelta())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pets:
    pets: tuple[Cat | Dog | int, ...]


def test_unions_without_a_name_in_type_work_as_well() -> None:
    codec = VersionedCodec("pets", 1, Pets)
    pets = Pets(pets=(Cat(name="a"), Dog(name="b", age=timedelta(days=3)), 4))
    assert codec.decode(codec.encode(pets)) == pets


@dataclass(frozen=True, slots=True, kw_only=True)
class Animals:
    animals: tuple[Cat | Dog, ...]


def test_unions_of_dataclasses_without_type_work_as_well() -> None:
    codec = VersionedCodec("animals", 1, Animals)
    animals = Animals(animals=(Dog(name="b", age=timedelta(days=3)), Cat(name="a")))
    assert codec.decode(codec.encode(animals)) == animals
