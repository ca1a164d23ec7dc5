"""Runs, events and sessions on the wire: exact, complete, and nothing internal in it."""

import json
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, get_args
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from agent_host.errors import InvalidInputError, RunFailedError, SessionBusyError
from agent_host.types import (
    Artifact,
    Caller,
    DataPart,
    ErrorPart,
    FilePart,
    HostedResult,
    IsolationKey,
    JournalEntry,
    Message,
    Owner,
    Page,
    Part,
    Question,
    ReasoningPart,
    Run,
    RunEvent,
    RunFailure,
    RunId,
    RunResult,
    RunStatus,
    Session,
    SessionHistory,
    SessionId,
    TextDelta,
    TextPart,
    ToolCallFinished,
    ToolCallPart,
    ToolResultPart,
    Usage,
)
from agent_host_rest import RestConfig, answer_schema, outbound
from agent_host_rest.inbound import to_request
from agent_host_rest.wish import Wishes

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
# Made anew each time: hypothesis also tries the texts that stand in the code.
SECRET = uuid4().hex
OWNER = Owner(tenant=SECRET, isolation_key=IsolationKey(f"iso_{SECRET}"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.text(max_size=5), JSON, max_size=3)
TEXT = st.text(max_size=20)
MEDIA_TYPES = st.sampled_from(["text/plain", "image/png", "application/vnd.x+json"])
FILES = st.builds(FilePart, media_type=MEDIA_TYPES, data=st.binary(max_size=20)) | st.builds(
    FilePart, media_type=MEDIA_TYPES, uri=st.just("https://example.com/a"), name=st.just("a.txt")
)
USER_PARTS = st.builds(TextPart, text=TEXT) | FILES | st.builds(DataPart, data=JSON)
ASSISTANT_PARTS = (
    USER_PARTS
    | st.builds(ToolCallPart, call_id=TEXT, name=TEXT, arguments=JSON)
    | st.builds(ReasoningPart, text=TEXT, metadata=OBJECTS)
    | st.builds(ErrorPart, code=TEXT, message=TEXT)
)
RESULTS = st.builds(ToolResultPart, call_id=TEXT, name=TEXT, result=JSON, is_error=st.booleans())


def message_of(role: str, parts: st.SearchStrategy[Part]) -> st.SearchStrategy[Message]:
    several = st.lists(parts, min_size=1, max_size=3).map(tuple)
    return st.builds(Message, role=st.just(role), parts=several, metadata=OBJECTS)


MESSAGES = (
    message_of("user", USER_PARTS)
    | message_of("system", USER_PARTS)
    | message_of("assistant", ASSISTANT_PARTS)
    | message_of("tool", RESULTS)
)
RESULT = st.builds(
    RunResult,
    messages=st.lists(MESSAGES, max_size=3).map(tuple),
    value=JSON,
    outputs=OBJECTS,
    artifacts=st.lists(
        st.builds(Artifact, id=TEXT, parts=st.lists(ASSISTANT_PARTS, max_size=2).map(tuple)),
        max_size=2,
    ).map(tuple),
    usage=st.none() | st.builds(Usage, input_tokens=st.integers(0, 9)),
    metadata=OBJECTS,
)
QUESTIONS = st.builds(
    Question,
    prompt=TEXT,
    kind=st.sampled_from(["input", "approval", "auth", "client_tool"]),
    schema=st.none() | OBJECTS,
    id=st.text(min_size=1, max_size=5),
    metadata=OBJECTS,
)
RUNS = st.builds(
    Run,
    id=st.just(RunId("run_1")),
    owner=st.just(OWNER),
    status=st.sampled_from(RunStatus),
    created_at=st.just(NOW),
    updated_at=st.just(NOW),
    channel=st.just("rest"),
    session_id=st.none() | st.just(SessionId("ses_1")),
    background=st.booleans(),
    started_at=st.none() | st.just(NOW),
    finished_at=st.none() | st.just(NOW),
    failure=st.none() | st.just(RunFailure(code="timeout", message="Too slow.")),
    questions=st.lists(QUESTIONS, max_size=2).map(tuple),
    metadata=OBJECTS,
)
PARTS = st.lists(ASSISTANT_PARTS, max_size=2).map(tuple)
MEMBERS: dict[str, st.SearchStrategy[Any]] = {
    "append": st.booleans(),
    "arguments": JSON,
    "attempt": st.integers(1, 9),
    "failure": st.just(RunFailure(code="timeout", message="Too slow.")),
    "is_error": st.booleans(),
    "last": st.booleans(),
    "metadata": OBJECTS,
    "output": JSON,
    "part": ASSISTANT_PARTS,
    "parts": PARTS,
    "patch": st.lists(OBJECTS, max_size=2),
    "question_ids": st.lists(TEXT, max_size=2).map(tuple),
    "questions": st.lists(QUESTIONS, max_size=2).map(tuple),
    "usage": st.builds(Usage, requests=st.integers(0, 9)),
}


def events_of(kind: type[RunEvent]) -> st.SearchStrategy[RunEvent]:
    names = [field.name for field in fields(kind) if field.name != "type"]
    return st.builds(
        kind,
        **{
            name: (JSON if kind is ToolCallFinished else RESULT)
            if name == "result"
            else MEMBERS.get(name, TEXT)
            for name in names
        },
    )


EVENTS = st.one_of(*(events_of(kind) for kind in get_args(RunEvent)))


def run(**changes: Any) -> Run:
    known: dict[str, Any] = {
        "id": RunId("run_1"),
        "owner": OWNER,
        "status": RunStatus.COMPLETED,
        "created_at": NOW,
        "updated_at": NOW,
        "channel": "rest",
    }
    return Run(**{**known, **changes})


def conforms(raw: bytes, model: type[BaseModel]) -> Any:
    assert SECRET.encode() not in raw
    value = json.loads(raw)
    model.model_validate_json(raw)
    names = {field.alias or name for name, field in model.model_fields.items()}
    assert names <= value.keys()
    return value


@given(RUNS, st.none() | RESULT)
def test_every_run_is_as_the_document_says(run: Run, result: RunResult | None) -> None:
    value = conforms(outbound.from_result(HostedResult(run=run, result=result)), answer_schema.Run)
    assert value["id"] == "run_1"
    assert value["status"] == run.status
    assert value["metadata"] == run.metadata
    assert value["created_at"] == "2026-01-02T03:04:05Z"
    assert value["output_text"] == (None if result is None else result.text)


@given(st.lists(MESSAGES, min_size=1, max_size=4))
def test_what_was_answered_can_be_sent_back(messages: list[Message]) -> None:
    hosted = HostedResult(run=run(), result=RunResult(messages=tuple(messages)))
    told = json.loads(outbound.from_result(hosted))["messages"]
    for message in told:
        assert message.pop("id") is None
    request = to_request(
        json.dumps({"input": told}).encode(),
        Wishes(),
        caller=Caller(channel="rest"),
        config=RestConfig(),
    )
    assert list(request.input) == messages


@given(EVENTS, st.integers(0, 10**9))
def test_every_event_is_one_frame_with_all_its_members(event: RunEvent, sequence: int) -> None:
    entry = JournalEntry(sequence=sequence, at=NOW, event=event)
    frame = outbound.to_frame(entry).decode()
    assert frame.endswith("\n\n")
    head, kind, data = frame[:-2].split("\n")
    assert (head, kind) == (f"id: {sequence}", f"event: {event.type}")
    value = conforms(data.removeprefix("data: ").encode(), answer_schema.Event)
    assert {field.name for field in fields(event)} <= value.keys()
    assert value["sequence"] == sequence


def test_line_breaks_of_every_kind_stay_inside_the_data() -> None:
    text = "a\nb\rc\r\nd\u2028e\x85f"
    frame = outbound.to_frame(JournalEntry(sequence=0, at=NOW, event=TextDelta(text=text)))
    assert frame.count(b"\n") == 4
    assert b"\r" not in frame
    assert json.loads(frame.decode().split("data: ")[1])["text"] == text


def test_numbers_that_json_cannot_say_become_null() -> None:
    hosted = HostedResult(run=run(), result=RunResult(value=[float("inf"), float("nan")]))
    assert json.loads(outbound.from_result(hosted))["value"] == [None, None]


def test_a_failed_run_is_an_error_to_those_who_waited() -> None:
    failure = RunFailure(code="timeout", message="Too slow.", retryable=True)
    failed = HostedResult(run=run(status=RunStatus.FAILED, failure=failure))
    with pytest.raises(RunFailedError, match="Too slow") as caught:
        outbound.from_waited(failed)
    assert (caught.value.code, caught.value.run_id) == ("timeout", "run_1")
    assert caught.value.retryable
    with pytest.raises(RunFailedError, match="The run failed"):
        outbound.from_waited(HostedResult(run=run(status=RunStatus.FAILED)))
    assert json.loads(outbound.from_result(failed))["failure"]["code"] == "timeout"


@pytest.mark.parametrize("status", [RunStatus.CANCELLED, RunStatus.INPUT_REQUIRED])
def test_a_cancelled_or_asking_run_is_no_error(status: RunStatus) -> None:
    assert (
        json.loads(outbound.from_waited(HostedResult(run=run(status=status))))["status"] == status
    )


def test_an_accepted_run_says_where_to_go_on() -> None:
    raw = outbound.from_accepted(run(status=RunStatus.QUEUED), path_prefix="/api")
    value = conforms(raw, answer_schema.AcceptedRun)
    assert value["token"] == "run_1"
    assert value["links"] == {
        "run": "/api/invocations/run_1",
        "events": "/api/invocations/run_1/events",
        "cancel": "/api/invocations/run_1/cancel",
        "answer": "/api/invocations/run_1/answer",
    }


@given(st.lists(RUNS, max_size=3), st.none() | TEXT)
def test_a_page_is_as_the_document_says(runs: list[Run], cursor: str | None) -> None:
    page = Page(items=tuple(runs), next_cursor=cursor)
    value = conforms(outbound.from_page(page), answer_schema.RunPage)
    assert (len(value["items"]), value["next_cursor"]) == (len(runs), cursor)


@given(st.lists(MESSAGES, max_size=3))
def test_a_session_is_as_the_document_says(messages: list[Message]) -> None:
    session = Session(
        id=SessionId("ses_1"), owner=OWNER, created_at=NOW, last_active_at=NOW, name="mine"
    )
    conforms(outbound.from_session(session), answer_schema.SessionSummary)
    history = SessionHistory(session=session, messages=tuple(messages), earlier=3)
    value = conforms(outbound.from_history(history), answer_schema.Session)
    assert (value["name"], value["earlier"], len(value["messages"])) == ("mine", 3, len(messages))


def test_headers_say_which_run_in_which_session() -> None:
    with_session = run(session_id=SessionId("ses_1"))
    assert outbound.run_headers(run()) == [(b"x-run-id", b"run_1")]
    assert outbound.run_headers(with_session, replayed=True) == [
        (b"x-run-id", b"run_1"),
        (b"x-session-id", b"ses_1"),
        (b"idempotent-replayed", b"true"),
    ]


def test_errors_inside_a_stream_keep_their_code_and_fields() -> None:
    busy = json.loads(outbound.from_error(SessionBusyError("Busy.")))
    assert busy == {
        "type": "error",
        "code": "session_busy",
        "detail": "Busy.",
        "retryable": True,
        "run_id": None,
        "errors": [],
    }
    invalid = InvalidInputError("Bad.", (("input", "is bad"),))
    assert json.loads(outbound.from_error(invalid))["errors"] == [
        {"field": "input", "message": "is bad"}
    ]
    failed = RunFailedError("No.", code="timeout", run_id="run_1")
    assert json.loads(outbound.from_error(failed))["run_id"] == "run_1"
