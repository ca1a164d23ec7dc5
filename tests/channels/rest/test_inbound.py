"""Bodies into requests: what is taken, and what is said about what is not."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.errors import (
    InvalidInputError,
    MalformedJsonError,
    NestingError,
    NoQuestionError,
    RequestError,
    TooLargeError,
)
from agent_host.types import (
    Caller,
    ChannelRequest,
    DataPart,
    ErrorPart,
    FilePart,
    Message,
    Question,
    QuestionId,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from agent_host_rest import RestConfig
from agent_host_rest.inbound import to_answer, to_request
from agent_host_rest.wish import Wishes

CALLER = Caller(channel="rest")
CONFIG = RestConfig()
UPLOAD = FilePart(media_type="text/plain", data=b"x", name="x.txt")


REFUSALS: list[tuple[object, str, str]] = [
    ({}, "body", "needs an input"),
    ({"input": None}, "body", "needs an input"),
    ([], "body", "JSON object"),
    ("x", "body", "JSON object"),
    ({"inptu": "x"}, "inptu", 'did you mean "input"?'),
    ({"input": "x", "qqq": 1}, "qqq", "known are input, prompt, session_id"),
    ({"input": "x", "prompt": "x"}, "prompt", "another name of input"),
    ({"input": 5}, "input", "string, an object or a list"),
    ({"input": True}, "input", "string, an object or a list"),
    ({"input": []}, "input", "1 to 1000 messages"),
    ({"input": ["x"] * 1001}, "input", "1 to 1000 messages"),
    ({"input": [1]}, "input.0", "string or a message object"),
    ({"input": [{"city": "Bern"}]}, "input.0", "parts or content"),
    ({"input": {"role": "user"}}, "input", "exactly one of content and parts"),
    ({"input": {"content": "x", "parts": [{"type": "text", "text": "x"}]}}, "input", "exactly"),
    ({"input": {"role": "robot", "content": "x"}}, "input.role", "user, system, assistant"),
    ({"input": {"role": 5, "content": "x"}}, "input.role", "user, system, assistant"),
    ({"input": {"parts": []}}, "input.parts", "at least 1 item"),
    ({"input": {"parts": "x"}}, "input.parts", "valid list"),
    ({"input": {"parts": [1]}}, "input.parts.0", "valid dictionary"),
    ({"input": {"parts": [{}]}}, "input.parts.0.type", "'text'"),
    ({"input": {"parts": [{"type": "tool_call"}]}}, "input.parts.0.type", "'file'"),
    ({"input": {"parts": [{"type": "text"}]}}, "input.parts.0.text", "field required"),
    (
        {"input": [{"parts": [{"type": "text", "text": "x", "txet": 1}]}]},
        "input.0.parts.0.txet",
        'did you mean "text"?',
    ),
    ({"input": {"content": "x", "rol": "user"}}, "input.rol", 'did you mean "role"?'),
    ({"input": {"role": "tool", "content": "x"}}, "input.parts", "field required"),
    ({"input": "x", "session_id": "a b"}, "session_id", "1 to 256"),
    ({"input": "x", "session_id": 5}, "session_id", "valid string"),
    ({"input": "x", "stream": "yes"}, "stream", "valid boolean"),
    ({"input": "x", "options": []}, "options", "valid dictionary"),
    ({"input": "x", "stream": True, "background": True}, "stream", "follow the events"),
    ({"input": "x", **{f"k{n}": 1 for n in range(70)}}, "body", "too many members"),
    (
        {"input": {"parts": [{"type": "text", **{f"k{n}": 1 for n in range(70)}}]}},
        "input.parts.0",
        "too many members",
    ),
    (
        {"input": {"parts": [{"type": "text", "text": ""}] * 1001}},
        "input.parts",
        "at most 1000 items",
    ),
    (
        {"input": {"parts": [{"type": "file", "data": "AAAA", "media_type": "x"}]}},
        "input.parts.0.media_type",
        "pattern",
    ),
    (
        {"input": {"parts": [{"type": "file", "data": "AAAA", "name": "../x"}]}},
        "input.parts.0.name",
        "pattern",
    ),
]


def read(
    body: Any,
    wishes: Wishes = Wishes(),  # noqa: B008 - immutable
    *,
    config: RestConfig = CONFIG,
    files: tuple[FilePart, ...] = (),
) -> ChannelRequest:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return to_request(raw, wishes, caller=CALLER, config=config, files=files)


def refusal(body: Any, **more: Any) -> dict[str, str]:
    with pytest.raises(InvalidInputError) as caught:
        read(body, **more)
    return dict(caught.value.problems)


def nested(depth: int) -> bytes:
    return b'{"input":' + b'{"a":' * (depth - 1) + b"1" + b"}" * (depth - 1) + b"}"


@pytest.mark.parametrize("name", ["input", "prompt"])
def test_a_text_is_a_message(name: str) -> None:
    request = read({name: "hello", "session_id": "mine"})
    assert request == ChannelRequest(caller=CALLER, input=(Message.user("hello"),), session="mine")


def test_every_kind_of_part_is_understood() -> None:
    request = read(
        {
            "input": [
                "first",
                {"content": "second"},
                {"role": "system", "content": "be brief"},
                {
                    "role": "assistant",
                    "parts": [
                        {"type": "reasoning", "text": "hm", "metadata": {"signature": "s"}},
                        {"type": "tool_call", "call_id": "c", "name": "n", "arguments": {"a": 1}},
                        {"type": "error", "code": "oops", "message": "It broke."},
                    ],
                },
                {
                    "role": "tool",
                    "parts": [
                        {
                            "type": "tool_result",
                            "call_id": "c",
                            "name": "n",
                            "result": [1],
                            "is_error": True,
                        }
                    ],
                },
                {
                    "parts": [
                        {"type": "text", "text": "look"},
                        {
                            "type": "file",
                            "data": "AAAA",
                            "media_type": "image/png",
                            "name": "a.png",
                        },
                        {"type": "data", "data": None},
                    ],
                    "metadata": {"k": "v"},
                },
            ]
        }
    )
    assert request.input == (
        Message.user("first"),
        Message.user("second"),
        Message(role="system", parts=(TextPart(text="be brief"),)),
        Message(
            role="assistant",
            parts=(
                ReasoningPart(text="hm", metadata={"signature": "s"}),
                ToolCallPart(call_id="c", name="n", arguments={"a": 1}),
                ErrorPart(code="oops", message="It broke."),
            ),
        ),
        Message(
            role="tool",
            parts=(ToolResultPart(call_id="c", name="n", result=[1], is_error=True),),
        ),
        Message(
            role="user",
            parts=(
                TextPart(text="look"),
                FilePart(media_type="image/png", data=b"\0\0\0", name="a.png"),
                DataPart(data=None),
            ),
            metadata={"k": "v"},
        ),
    )


def test_any_other_object_is_typed_input() -> None:
    assert read({"input": {"city": "Bern"}}).input == (
        Message(role="user", parts=(DataPart(data={"city": "Bern"}),)),
    )
    assert read({"input": {}}).input[0].parts == (DataPart(data={}),)


@pytest.mark.parametrize(("body", "field", "says"), REFUSALS)
def test_a_refusal_names_the_field_and_the_remedy(body: object, field: str, says: str) -> None:
    problems = refusal(body)
    assert says in problems[field]


def test_a_refusal_repeats_no_value_and_stays_short() -> None:
    secret = "hunter2" * 100_000
    for body in (
        {"input": {"parts": [{"type": secret}]}},
        {"input": {"role": secret, "content": "x"}},
        {"input": "x", secret: 1},
        {"input": "x", "session_id": secret},
    ):
        with pytest.raises(InvalidInputError) as caught:
            read(body)
        assert len(str(caught.value)) < 500
    assert "hunter2" not in str(refusal({"input": "x", "session_id": "hunter2 x"}))


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b'{"input":"x"} tail', "not valid JSON"),
        (b'{"input":NaN}', "not valid JSON"),
        (b'{"input":"\xff"}', "not valid JSON"),
        (b'\xef\xbb\xbf{"input":"x"}', "not valid JSON"),
        (b'{"input":"\\ud800"}', "not valid JSON"),
        (b"\x00", "not valid JSON"),
        (b'{"input":{"n":1e999}}', "infinity"),
        (b'{"input":{"n":[-1E+400]}}', "infinity"),
        (b'{"input":{"n":' + b"9" * 400 + b".0}}", "infinity"),
        (b'{"input":{"n":' + b"9" * 5000 + b"}}", "not valid JSON"),
        (nested(65), "more than 64 levels"),
        (b"[" * 100 + b"]" * 100, "more than 64 levels"),
        (b"[" * 100_000, "more than 64 levels"),
    ],
)
def test_what_cannot_be_read_is_a_bad_request(raw: bytes, says: str) -> None:
    with pytest.raises((MalformedJsonError, NestingError), match=says):
        read(raw)


def test_nesting_up_to_the_limit_is_taken() -> None:
    assert read(nested(64)).input
    assert read({"input": {"a": [[] for _ in range(200)]}}).input
    assert read({"input": "[" * 200}).input == (Message.user("[" * 200),)
    assert read({"input": {"note": "1e999", "n": 1e300}}).input


@pytest.mark.parametrize(
    ("body", "wishes", "stream", "background"),
    [
        ({}, Wishes(), False, False),
        ({"stream": True}, Wishes(), True, False),
        ({}, Wishes(stream=True), True, False),
        ({"stream": False}, Wishes(stream=True), False, False),
        ({"background": True}, Wishes(stream=True), False, True),
        ({}, Wishes(background=True), False, True),
        ({"background": False}, Wishes(background=True), False, False),
        ({"stream": True}, Wishes(background=True), True, False),
        ({}, Wishes(stream=True, background=True), True, False),
        ({"stream": False}, Wishes(background=True), False, True),
    ],
)
def test_the_body_outranks_the_headers(
    body: dict[str, bool], wishes: Wishes, *, stream: bool, background: bool
) -> None:
    request = read({"input": "x", **body}, wishes)
    assert (request.stream, request.background) == (stream, background)


def test_the_body_names_the_session_before_the_header_does() -> None:
    assert read({"input": "x"}, Wishes(session="header")).session == "header"
    assert read({"input": "x", "session_id": "body"}, Wishes(session="header")).session == "body"


def test_options_metadata_and_the_idempotency_key_are_handed_on() -> None:
    body = {"input": "x", "options": {"model": "m"}, "metadata": {"a": 1}}
    request = read(body, Wishes(idempotency_key="k"))
    assert (request.options, request.metadata) == ({"model": "m"}, {"a": 1})
    assert request.idempotency_key == "k"
    bare = read({"input": "x", "options": None, "metadata": None, "stream": None})
    assert (bare.options, bare.metadata) == ({}, {})


def test_metadata_is_bounded() -> None:
    config = RestConfig(metadata_limit_keys=1, metadata_limit_bytes=10)
    assert read({"input": "x", "metadata": {"a": 1}}, config=config).metadata == {"a": 1}
    with pytest.raises(TooLargeError, match="at most 1 members"):
        read({"input": "x", "metadata": {"a": 1, "b": 2}}, config=config)
    with pytest.raises(TooLargeError, match="at most 10 bytes"):
        read({"input": "x", "metadata": {"a": "long enough"}}, config=config)


def test_uploads_join_the_last_user_message() -> None:
    assert read({"input": "x"}, files=(UPLOAD,)).input[0].parts == (TextPart(text="x"), UPLOAD)
    talk = ["a", "b", {"role": "assistant", "content": "c"}]
    assert [len(message.parts) for message in read({"input": talk}, files=(UPLOAD,)).input] == [
        1,
        2,
        1,
    ]
    alone = read({"input": [{"role": "assistant", "content": "c"}]}, files=(UPLOAD,))
    assert alone.input[-1] == Message(role="user", parts=(UPLOAD,))
    assert refusal({}, files=(UPLOAD,)) == {"body": "needs an input"}


def test_files_are_counted_wherever_they_came_from() -> None:
    config = RestConfig(files_limit=1)
    inline = {"input": {"parts": [{"type": "file", "uri": "https://example.com/"}]}}
    assert read(inline, config=config).input
    with pytest.raises(TooLargeError, match="at most 1 files"):
        read(inline, config=config, files=(UPLOAD,))


def test_answers_by_question_or_alone() -> None:
    one, two = (Question(prompt="?", id=QuestionId(name)) for name in "ab")
    named = to_answer(b'{"answers":{"a":1}}', Wishes(), config=CONFIG)
    assert named.by_question([one, two]) == {"a": 1}
    alone = to_answer(b'{"answer":null}', Wishes(), config=CONFIG)
    assert alone.by_question([one]) == {"a": None}
    with pytest.raises(NoQuestionError, match="a, b"):
        alone.by_question([one, two])
    with pytest.raises(NoQuestionError, match="asks nothing"):
        alone.by_question([])


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"{}", "exactly one of answer and answers"),
        (b'{"answer":1,"answers":{"a":1}}', "exactly one of answer and answers"),
        (b'{"answers":{}}', "at least 1 item"),
        (b'{"answers":[]}', "valid dictionary"),
        (b'{"anwser":1}', 'did you mean "answer"'),
        (b"[]", "JSON object"),
        (b'{"answer":1,"stream":true,"background":true}', "follow the events"),
    ],
)
def test_a_bad_answer_is_refused(raw: bytes, says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        to_answer(raw, Wishes(), config=CONFIG)


def test_an_answer_can_be_followed_or_left() -> None:
    assert to_answer(b'{"answer":1,"stream":true}', Wishes(), config=CONFIG).stream
    assert to_answer(b'{"answer":1}', Wishes(background=True), config=CONFIG).background


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["input", "role", "parts", "content", "type", "data", "uri"])
            | st.text(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_taken_or_refused_as_the_callers_fault(value: object) -> None:
    with suppress(RequestError):
        assert read(json.dumps({"input": value}).encode()).input


@given(st.binary(max_size=60))
def test_any_bytes_are_taken_or_refused_as_the_callers_fault(raw: bytes) -> None:
    with suppress(RequestError):
        read(raw)
    with suppress(RequestError):
        to_answer(raw, Wishes(), config=CONFIG)
