"""Bodies of any bytes are read or refused; what is written is JSON, whatever the value."""

import json
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.errors import MalformedJsonError, NestingError, RequestError
from agent_host.wire.json_text import json_bytes, json_text, parse_json, parse_text

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
HALF_PAIRS = st.recursive(
    st.text(st.characters(categories=["Cs", "Ll"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=5,
)


@given(JSON)
def test_a_value_is_read_with_all_its_digits(value: object) -> None:
    assert parse_json(json.dumps(value).encode(), nesting_limit=64) == value


@given(JSON)
def test_a_value_is_written_as_it_is(value: object) -> None:
    assert json.loads(json_bytes(value)) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        value = parse_json(raw, nesting_limit=4)
    except (MalformedJsonError, NestingError):
        return
    assert parse_json(json_bytes(value), nesting_limit=4) == value


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{} tail",
        b"NaN",
        b"-Infinity",
        b'"\xff"',
        b"\xef\xbb\xbf{}",
        b'"\\ud800"',
        b"1e400",
        b"[" + b"9" * 400 + b"]",
        b"[" + b"9" * 5000 + b"]",
    ],
)
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedJsonError, match=r"^The body is not valid JSON: .+\.$"):
        parse_json(raw, nesting_limit=64)


@pytest.mark.parametrize("brackets", ["[]", "{}"])
@pytest.mark.parametrize("depth", [5, 150, 2_000, 100_000])
def test_json_that_is_too_deep_is_refused(brackets: str, depth: int) -> None:
    opening = "[" if brackets == "[]" else '{"a":'
    with pytest.raises(NestingError, match="more than 4 levels"):
        parse_json((opening * depth + "1" + brackets[1] * depth).encode(), nesting_limit=4)


def test_depth_is_what_counts_and_not_the_number_of_brackets() -> None:
    assert parse_json(b"[[],[],[],[],[[[]]]]", nesting_limit=4) == [[], [], [], [], [[[]]]]
    assert parse_json(b'"[[[[[[[["', nesting_limit=4) == "[" * 8


def test_an_integer_beyond_64_bits_is_exact_at_any_depth() -> None:
    deep = b"[" * 200 + str(10**30).encode() + b"]" * 200
    assert json_bytes(parse_json(deep, nesting_limit=200)) == deep


@given(HALF_PAIRS)
def test_half_a_surrogate_pair_is_no_reason_to_fail(value: object) -> None:
    orjson.loads(json_bytes(value))


def test_what_json_cannot_say_is_null() -> None:
    infinite = [float("inf"), float("-inf"), float("nan")]
    assert json_bytes(infinite) == b"[null,null,null]"
    assert json_bytes([*infinite, 10**30]) == b"[null,null,null,%d]" % 10**30


def test_a_time_in_utc_ends_in_z() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert json_bytes(at) == b'"2026-01-02T03:04:05Z"'


@given(JSON)
def test_a_text_holds_a_value_or_is_itself(value: object) -> None:
    assert parse_text(json.dumps(value)) == value
    assert parse_text(f"so: {json.dumps(value)}").__class__ is str


def test_text_of_a_text_is_itself() -> None:
    assert json_text("so") == "so"
    assert json_text({"so": 1}) == '{"so":1}'


def test_both_errors_are_the_callers() -> None:
    assert issubclass(MalformedJsonError, RequestError)
    assert issubclass(NestingError, RequestError)
