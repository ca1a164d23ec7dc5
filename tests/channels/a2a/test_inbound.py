"""Parsers with made-up input: they give a value or say what is wrong, and nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.types import Caller, DataPart, FilePart, Question, QuestionId, TextPart
from agent_host.wire.json_text import json_bytes, parse_json
from agent_host_a2a.call import to_call, to_version
from agent_host_a2a.config import A2AConfig, ExtensionConfig
from agent_host_a2a.fault import FaultError
from agent_host_a2a.inbound import (
    to_list,
    to_request,
    to_send,
    to_task,
    to_values,
)
from agent_host_a2a.inbound_0_3 import to_1_0
from agent_host_a2a.outbound_0_3 import from_message
from agent_host_a2a.page_token import PageToken, Stretch
from agent_host_a2a.part import overlap, part_fields, takes, to_part
from agent_host_a2a.schema import Operation

CONFIG = A2AConfig()
IDS = st.text(min_size=1, max_size=60)
NAMES = st.sampled_from(
    [
        "message",
        "messageId",
        "message_id",
        "role",
        "parts",
        "text",
        "raw",
        "url",
        "data",
        "kind",
        "file",
        "bytes",
        "uri",
        "mediaType",
        "filename",
        "configuration",
        "historyLength",
        "returnImmediately",
        "blocking",
        "acceptedOutputModes",
        "metadata",
        "taskId",
        "contextId",
        "id",
        "status",
        "pageSize",
        "pageToken",
        "statusTimestampAfter",
        "tenant",
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["ROLE_USER", "user", "text", "image/png", "https://a.example", "AAA="])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(NAMES | st.text(max_size=4), inner, max_size=5)
    ),
    max_leaves=20,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=8)
MESSAGES = st.fixed_dictionaries(
    {"messageId": st.text(min_size=1, max_size=9), "role": st.just("ROLE_USER")},
    optional={"parts": st.lists(VALUES, max_size=3), "contextId": VALUES, "metadata": VALUES},
)


def refused(error: FaultError) -> None:
    """The client is told what it should change."""
    assert str(error)
    assert error.fault.value.reason


@pytest.mark.parametrize("old", [False, True])
@given(params=OBJECTS | st.fixed_dictionaries({"message": MESSAGES}))
def test_a_message_is_read_or_refused(params: dict[str, Any], *, old: bool) -> None:
    try:
        asked = to_1_0(Operation.SEND, params) if old else params
        read = to_send(asked, config=CONFIG)
    except FaultError as error:
        refused(error)
    else:
        request = to_request(read, caller=Caller(channel="a2a"))
        assert request.input[0].parts
        json_bytes(request.metadata)


@given(OBJECTS)
def test_other_parameters_are_read_or_refused(params: dict[str, Any]) -> None:
    for read in (to_task, to_list):
        try:
            read(params)
        except FaultError as error:
            refused(error)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                b"a2a-version",
                b"a2a-extensions",
                b"x-a2a-extensions",
                b"idempotency-key",
                b"last-event-id",
            ]
        ),
        st.binary(max_size=40) | st.sampled_from([b"1.0", b"0.3", b"7", b"https://a.example"]),
    )
)
def test_headers_are_read_or_refused(headers: dict[bytes, bytes]) -> None:
    config = A2AConfig(extensions=(ExtensionConfig(uri="https://a.example"),))
    try:
        version, call = to_version(headers, config=config), to_call(headers, config=config)
    except FaultError as error:
        refused(error)
    else:
        assert version in {"1.0", "0.3"}
        assert set(call.extensions) <= {"https://a.example"}


def text_part(text: str) -> TextPart:
    return TextPart(text=text)


def data_part(data: dict[str, Any]) -> DataPart:
    return DataPart(data=data)


def inline_file(data: bytes, name: str | None) -> FilePart:
    return FilePart(media_type="image/png", data=data, name=name)


def linked_file(path: str) -> FilePart:
    return FilePart(media_type="a/b", uri=f"https://example.org/{path}")


PARTS = (
    st.builds(text_part, st.text())
    | st.builds(data_part, st.dictionaries(st.text(max_size=5), LEAVES, max_size=3))
    | st.builds(inline_file, st.binary(max_size=50), st.none() | st.sampled_from(["a.png", "ü 1"]))
    | st.builds(linked_file, st.sampled_from(["", "x?y=1", "%20"]))
)


@given(PARTS)
def test_what_is_shown_can_be_sent_back(part: TextPart | DataPart | FilePart) -> None:
    shown = part_fields(part)
    assert shown is not None
    raw = parse_json(json_bytes(shown), nesting_limit=8)
    assert to_part(raw, "part", modes=("*/*",), limit_bytes=1000) == part
    message = {"messageId": "m", "role": "ROLE_USER", "parts": [shown]}
    back: Any = to_1_0(Operation.SEND, {"message": from_message(message)})["message"]
    assert to_part(back["parts"][0], "part", modes=("*/*",), limit_bytes=1000) == part


@given(st.integers(0, 2**40), IDS, IDS)
def test_a_page_token_comes_back_as_it_was(number: int, start: str, task_id: str) -> None:
    stretch = Stretch(start=start, end=task_id)
    within = PageToken(counted=number, stretch=stretch, changed=number, task_id=task_id)
    behind = PageToken(counted=number, start=task_id)
    for token in (within, behind):
        assert to_list({"pageToken": str(token)}).behind == token


@given(st.lists(PARTS, max_size=3), st.sampled_from(["boolean", "string", "integer", None]))
def test_an_answer_is_a_value_for_the_question_or_refused(
    parts: list[TextPart | DataPart | FilePart], kind: str | None
) -> None:
    schema = None if kind is None else {"type": kind}
    question = Question(id=QuestionId("qst_1"), prompt="?", schema=schema)
    try:
        values = to_values(parts, (question,), nesting_limit=8)
    except FaultError as error:
        refused(error)
    else:
        assert set(values) == {"qst_1"}


@pytest.mark.parametrize(
    ("modes", "media_type", "taken"),
    [
        (("*/*",), "image/png", True),
        (("image/*",), "image/png; q=1", True),
        (("image/*",), "text/plain", False),
        (("IMAGE/PNG",), "image/png", True),
        ((), "text/plain", False),
    ],
)
def test_modes_are_types_and_ranges(
    modes: tuple[str, ...], media_type: str, *, taken: bool
) -> None:
    assert takes(modes, media_type) is taken
    assert overlap(modes, (media_type,)) is taken


def test_too_many_bytes_are_refused_before_they_are_decoded() -> None:
    for raw in ("AAAA" * 100, "AAAAAA=="):
        with pytest.raises(FaultError, match="at most 3 bytes"):
            to_part({"raw": raw}, "part", modes=("*/*",), limit_bytes=3)
