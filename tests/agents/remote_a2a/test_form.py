"""The pure parts: events, cards, parts and questions of somebody who may send anything."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.agents.remote_a2a.card import fit_name, read_card
from agent_host.agents.remote_a2a.dialect import Dialect
from agent_host.agents.remote_a2a.event_stream import EventStreamParser
from agent_host.agents.remote_a2a.failure import RemoteError
from agent_host.agents.remote_a2a.message_form import answer_parts, to_0_1, to_0_3
from agent_host.agents.remote_a2a.origin import origin_of
from agent_host.agents.remote_a2a.part_form import to_parts
from agent_host.agents.remote_a2a.piece import joined, rest_of
from agent_host.agents.remote_a2a.progress import RemoteProgress
from agent_host.agents.remote_a2a.question_form import to_questions
from agent_host.agents.remote_a2a.reply_form import to_response, to_task
from agent_host.types import DataPart, Part, TextPart
from tests.agents.remote_a2a.double import make_card

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)
WORDS = (
    "id kind status state message parts text data raw url artifacts artifact artifactId append "
    "contextId taskId file bytes name metadata history role questions prompt schema"
)
NAMES = st.sampled_from([*WORDS.split()])
WIRE = st.recursive(
    JSON | st.sampled_from(["task", "message", "status-update", "TASK_STATE_WORKING", "completed"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=25,
)
PARTS = st.lists(
    st.builds(TextPart, text=st.text(max_size=3)) | st.builds(DataPart, data=st.integers(0, 1)),
    max_size=6,
)


@given(
    st.lists(st.text(alphabet="ab:\u2028é ", min_size=1), max_size=5),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.integers(1, 7),
)
def test_events_come_out_however_the_bytes_are_cut(texts: list[str], end: str, cut: int) -> None:
    raw = "".join(f": hi{end}id: 7{end}data: {text}{end}{end}" for text in texts).encode()
    parser = EventStreamParser(10_000)
    pieces = [raw[at : at + cut] for at in range(0, len(raw), cut)]
    # A last CR waits for what may be its LF.
    found = [data.decode() for piece in (*pieces, b"\n") for data in parser.feed(piece)]
    assert found == texts


def test_lines_of_data_are_one_text() -> None:
    assert [*EventStreamParser(99).feed(b"data:a\ndata\ndata: b\n\n\n: x\n\n")] == [b"a\n\nb"]


@given(WIRE, st.booleans())
def test_whatever_comes_is_read_or_refused(value: Any, is_old: bool) -> None:
    for read in (to_response, to_task):
        try:
            response = read(value, is_old=is_old)
        except RemoteError:
            continue
        progress = RemoteProgress("run_1")
        for _ in progress.take(response):
            pass
        assert progress.result() is not None
        assert progress.failure() is None or progress.state
        assert to_questions(progress.status, is_sign_in=False)


@given(WIRE)
def test_any_part_is_a_part(value: Any) -> None:
    assert all(isinstance(part, Part) for part in to_parts(value))


@given(PARTS, PARTS)
def test_what_was_told_and_the_rest_are_all_of_it(told: list[Part], more: list[Part]) -> None:
    rest = rest_of(told, [*told, *more])
    assert rest is not None
    assert joined([*told, *rest]) == joined([*told, *more])


@given(PARTS, PARTS)
def test_a_rest_is_given_only_where_it_fits(told: list[Part], parts: list[Part]) -> None:
    rest = rest_of(told, parts)
    assert rest is None or joined([*told, *rest]) == joined(parts)


@given(JSON, st.booleans())
def test_any_card_is_read_or_refused(value: Any, is_oldest: bool) -> None:
    with pytest.raises(RemoteError):
        read_card(value, is_trusted=lambda _: True, is_oldest=is_oldest)


def interfaces(card: Any, *, is_oldest: bool = False) -> list[Dialect]:
    """What a card comes to."""
    read = read_card(card, is_trusted=lambda _: True, is_oldest=is_oldest)
    return [one.dialect for one in read.interfaces]


def test_the_best_that_is_spoken_comes_first() -> None:
    offered = [
        {"url": "http://a/1", "protocolBinding": "GRPC", "protocolVersion": "1.0"},
        {"url": "http://a/2", "protocolBinding": "JSONRPC", "protocolVersion": "0.3.0"},
        {"url": "http://a/3", "protocolBinding": "HTTP+JSON", "protocolVersion": "1.0"},
        {"url": "http://a/4", "protocolBinding": "JSONRPC", "protocolVersion": "1.0.1"},
        {"url": "http://a/5", "protocolBinding": "JSONRPC", "protocolVersion": "2.0"},
    ]
    assert interfaces({**make_card(""), "supportedInterfaces": offered}) == [
        Dialect.JSON_RPC_1_0,
        Dialect.HTTP_JSON_1_0,
        Dialect.JSON_RPC_0_3,
    ]


def test_cards_of_before() -> None:
    old = {"name": "x", "url": "http://a", "protocolVersion": "0.3.0"}
    assert interfaces(old) == [Dialect.JSON_RPC_0_3]
    other = [{"url": "http://a/rpc", "transport": "JSONRPC"}]
    rest = {**old, "preferredTransport": "HTTP+JSON", "additionalInterfaces": other}
    assert interfaces(rest) == [Dialect.JSON_RPC_0_3]
    oldest = {"name": "x", "url": "http://a"}
    assert interfaces(oldest, is_oldest=True) == [Dialect.JSON_RPC_0_3, Dialect.TASKS_SEND]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://a", "http://a:80/x", True),
        ("https://a", "https://A:443", True),
        ("http://localhost:1", "http://127.0.0.1:1", True),
        ("http://a", "https://a", False),
        ("http://a", "http://a:81", False),
        ("http://a", "http://a.b", False),
        ("http://a", "http://b@a", False),
        ("http://a", "http://a:x", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(one: str, other: str, same: bool) -> None:
    assert (origin_of(one) == origin_of(other)) == same


@given(st.text())
def test_any_name_fits(text: str) -> None:
    assert fit_name(text).isascii()


@pytest.mark.parametrize(
    ("schema", "kept"),
    [
        ({"type": "integer"}, True),
        ({"$ref": "http://169.254.169.254/"}, False),
        ({"pattern": "(a+)+$"}, False),
        ({"enum": ["x" * 20_000]}, False),
        ("text", False),
    ],
)
def test_a_schema_that_may_cost_something_is_left_out(schema: Any, kept: bool) -> None:
    asked = [{"id": "q", "prompt": "How many?", "schema": schema, "kind": "odd"}]
    status = {"message": {"parts": [{"data": {"questions": asked}}]}}
    (question,) = to_questions(status, is_sign_in=False)
    assert (question.schema == schema) is kept
    assert (question.kind, question.prompt) == ("input", "How many?")


@pytest.mark.parametrize("asked", [[{}], [{"id": "x" * 200, "prompt": "?"}], [{"id": "a\n"}]])
def test_questions_that_are_none_are_one(asked: Any) -> None:
    parts = [{"text": "Which?"}, {"data": {"questions": asked}}]
    (question,) = to_questions({"message": {"parts": parts}}, is_sign_in=True)
    assert (question.prompt, question.kind) == ("Which?", "auth")
    assert question.metadata == {"data": [{"questions": asked}]}


def test_old_spellings() -> None:
    parts = [*answer_parts("yes"), *answer_parts({"a": 1}), *answer_parts(3)]
    message = {"messageId": "m", "role": "ROLE_USER", "parts": parts}
    assert to_0_3(message)["parts"] == [
        {"kind": "text", "text": "yes"},
        {"kind": "data", "data": {"a": 1}},
        {"kind": "text", "text": "3"},
    ]
    assert json.dumps(to_0_1(message)).count('"type"') == 3
