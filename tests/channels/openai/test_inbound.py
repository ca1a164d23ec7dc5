"""Bodies into calls, as plain functions: made-up input gets a clear error and loses nothing."""

import base64
import json
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_host.errors import RequestError, TooLargeError
from agent_host.types import (
    FilePart,
    Message,
    Part,
    QuestionId,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from agent_host.types.identifier import RUN_PREFIX
from agent_host.wire.json_text import json_bytes
from agent_host_openai.chat_inbound import to_chat_call
from agent_host_openai.config import OpenAIConfig
from agent_host_openai.content import ContentReader
from agent_host_openai.header import PAGE_LIMIT, to_idempotency_key, to_page, to_starting_after
from agent_host_openai.identifier import (
    approval_id,
    call_id,
    digest_of,
    parse_asked_id,
    parse_response_id,
    response_id,
)
from agent_host_openai.inbound import ResponseCall, reader_of, to_call
from agent_host_openai.item import read_input
from agent_host_openai.model import ModelCatalogue
from agent_host_openai.problem import WireError

CONFIG = OpenAIConfig(files_limit=2, file_limit_bytes=64)
MODELS = ModelCatalogue(CONFIG, target_name="agent")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
KINDS = st.sampled_from(
    [
        "message",
        "function_call",
        "function_call_output",
        "custom_tool_call",
        "reasoning",
        "mcp_call",
        "mcp_approval_response",
        "mcp_approval_request",
        "input_text",
        "input_image",
        "input_file",
        "input_audio",
        "file",
        "image_url",
        "function",
        "json_schema",
    ]
)
MEMBERS = st.sampled_from(
    [
        "type",
        "role",
        "content",
        "text",
        "call_id",
        "name",
        "arguments",
        "output",
        "image_url",
        "file_data",
        "filename",
        "file",
        "input_audio",
        "summary",
        "id",
        "tool_calls",
        "tool_call_id",
        "function",
        "approve",
    ]
)
WIRE = st.recursive(
    JSON | KINDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner, max_size=5),
    max_leaves=10,
)
BODY_MEMBERS = st.sampled_from(
    [
        "input",
        "messages",
        "model",
        "tools",
        "tool_choice",
        "metadata",
        "text",
        "response_format",
        "conversation",
        "previous_response_id",
        "temperature",
        "stop",
        "stream",
        "stream_options",
        "reasoning",
        "n",
        "modalities",
        "audio",
        "functions",
        "prompt",
    ]
)


def call_of(**body: Any) -> ResponseCall:
    return to_call(json.dumps(body).encode(), models=MODELS, config=CONFIG)


@settings(max_examples=300)
@given(st.dictionaries(BODY_MEMBERS, WIRE, max_size=5))
def test_any_object_is_taken_or_refused_in_words(body: dict[str, Any]) -> None:
    raw = json_bytes(body)
    for read in (to_call, to_chat_call):
        with suppress(RequestError):
            read(raw, models=MODELS, config=CONFIG)


@given(st.binary(max_size=64))
def test_any_bytes_are_taken_or_refused_in_words(raw: bytes) -> None:
    for read in (to_call, to_chat_call):
        with suppress(RequestError):
            read(raw, models=MODELS, config=CONFIG)


@given(st.text())
def test_a_text_arrives_as_it_was_sent(text: str) -> None:
    (message,) = call_of(input=text).given.messages
    assert message == Message.user(text)


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant", "system"]), st.text()), min_size=1))
def test_no_message_is_lost(said: list[tuple[str, str]]) -> None:
    messages = read_input(
        [{"role": role, "content": text} for role, text in said], reader_of(CONFIG)
    ).messages
    told = [part.text for message in messages for part in message.parts]  # type: ignore[union-attr]
    assert told == [text for _, text in said]
    assert not any(a.role == b.role == "assistant" for a, b in pairwise(messages))


def test_what_the_model_did_in_one_go_is_one_message() -> None:
    given_input = read_input(
        [
            {"role": "user", "content": "Sum?"},
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
            {"type": "message", "role": "assistant", "content": [
                {"type": "output_text", "text": "Let me add.", "annotations": []}]},
            {"type": "function_call", "call_id": "c", "name": "add", "arguments": '{"a": 1}'},
            {"type": "function_call_output", "call_id": "c", "output": "3"},
            {"type": "mcp_call", "id": "m", "name": "look", "arguments": "{}", "output": "yes"},
        ],
        reader_of(CONFIG),
    )  # fmt: skip
    parts: list[tuple[str, tuple[Part, ...]]] = [
        (message.role, message.parts) for message in given_input.messages
    ]
    assert parts == [
        ("user", (TextPart(text="Sum?"),)),
        (
            "assistant",
            (
                ReasoningPart(text="Hm."),
                TextPart(text="Let me add."),
                ToolCallPart(call_id="c", name="add", arguments={"a": 1}),
            ),
        ),
        ("tool", (ToolResultPart(call_id="c", name="add", result="3"),)),
        ("assistant", (ToolCallPart(call_id="m", name="look", arguments={}),)),
        ("tool", (ToolResultPart(call_id="m", name="look", result="yes"),)),
    ]
    assert given_input.tail == ()
    assert [reply.id for reply in given_input.replies] == ["c"]


def test_the_tail_is_what_the_input_ends_with() -> None:
    output: Any = {"type": "function_call_output", "call_id": "c", "output": "3"}
    approval: Any = {"type": "mcp_approval_response", "approval_request_id": "a", "approve": False}
    found = read_input([output, {"role": "user", "content": "x"}, output, approval], _reader())
    assert [reply.id for reply in found.tail] == ["c", "a"]
    assert [reply.value for reply in found.tail] == ["3", False]
    assert [message.text for message in found.said] == ["x"]


def test_an_output_of_parts_is_its_text_or_itself() -> None:
    texts: Any = [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]
    image = {"type": "input_image", "image_url": "https://e.org/a.png"}
    for parts, value in ((texts, "ab"), ([*texts, image], [*texts, image])):
        item: Any = {"type": "function_call_output", "call_id": "c", "output": parts}
        (reply,) = read_input([item], _reader()).replies
        assert reply.value == value


@given(st.binary(max_size=64), st.sampled_from(["image/png", "application/pdf", ""]))
def test_a_data_url_is_decoded(data: bytes, kind: str) -> None:
    url = f"data:{kind};base64,{base64.b64encode(data).decode()}"
    (part,) = _reader().read([{"type": "input_image", "image_url": url}], "content")
    assert isinstance(part, FilePart)
    assert part.data == data
    assert part.media_type == (kind or "image/jpeg")


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_image", "image_url": "http://e.org/a.png"},
        {"type": "input_image", "image_url": "file:///etc/passwd"},
        {"type": "input_image", "image_url": "data:image/png;base64,%%%%"},
        {"type": "input_image", "image_url": "data:nothing"},
        {"type": "input_image", "image_url": 7},
        {"type": "input_image", "file_id": "file-1"},
        {"type": "input_image"},
        {"type": "input_file", "file_data": "abc"},
        {"type": "input_file", "file_data": "aGk=", "filename": "../x"},
        {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "ogg"}},
        {"type": "input_audio"},
        {"type": "input_video"},
        {"type": ["input_text"]},
        {"type": "input_text"},
        "text",
    ],
)
def test_a_part_that_is_none_is_refused(part: object) -> None:
    with pytest.raises(WireError):
        _reader().read([part], "content")  # type: ignore[list-item]


def test_files_are_counted_and_weighed() -> None:
    small = {"type": "input_file", "file_data": "aGk="}
    with pytest.raises(TooLargeError):
        _reader().read([small] * 3, "content")
    with pytest.raises(TooLargeError):
        _reader().read([{**small, "file_data": "aGkh" * 40}], "content")


@given(st.from_regex(r"[0-9a-z]{1,64}", fullmatch=True), st.integers(0, 999_999))
def test_a_response_id_leads_back(tail: str, stretch: int) -> None:
    key = parse_response_id(response_id(f"{RUN_PREFIX}{tail}", stretch))
    assert key == (f"{RUN_PREFIX}{tail}", stretch)


@given(st.from_regex(r"[0-9a-z]{1,44}", fullmatch=True), st.text(max_size=50))
def test_a_call_id_leads_back_and_is_short(tail: str, question: str) -> None:
    for made in (
        call_id(f"{RUN_PREFIX}{tail}", QuestionId(question)),
        approval_id(f"{RUN_PREFIX}{tail}", QuestionId(question)),
    ):
        assert len(made) <= 64
        assert parse_asked_id(made) == (f"{RUN_PREFIX}{tail}", digest_of(QuestionId(question)))


@given(st.text(max_size=80))
def test_no_other_text_is_an_id_of_ours_by_accident(text: str) -> None:
    key = parse_response_id(text)
    assert key is None or response_id(*key) == text


@given(st.binary(max_size=20))
def test_a_key_is_taken_or_refused(header: bytes) -> None:
    try:
        key = to_idempotency_key(header)
    except WireError:
        return
    assert key


@given(st.text(max_size=10), st.text(max_size=10))
def test_query_parameters_are_taken_or_refused(limit: str, order: str) -> None:
    with suppress(WireError):
        page = to_page({"limit": limit, "order": order})
        assert 1 <= page.limit <= PAGE_LIMIT
    with suppress(WireError):
        assert to_starting_after({"starting_after": limit}) >= -1


def test_plain_requests_keep_nothing_beside_their_run() -> None:
    call = call_of(input="hi", model="agent")
    assert call.is_plain
    assert call.echo == {}
    assert call.options == {}


def _reader() -> ContentReader:
    return reader_of(CONFIG)
