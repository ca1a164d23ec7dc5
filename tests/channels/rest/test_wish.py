"""What callers say in headers and query parameters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.errors import InvalidInputError, NotFoundError
from agent_host_rest.wish import (
    AGENTCORE_SESSION_HEADER,
    Wishes,
    to_after,
    to_limit,
    to_session_key,
    to_wishes,
)

SESSION_HEADER = AGENTCORE_SESSION_HEADER.lower().encode()


@pytest.mark.parametrize(
    ("accept", "streams"),
    [
        ("text/event-stream", True),
        ("TEXT/Event-Stream", True),
        ("text/event-stream, application/json", True),
        ("application/json, text/event-stream", False),
        ("application/json;q=0.5, text/event-stream;q=0.9", True),
        ("text/event-stream;q=0", False),
        ("text/event-stream;q=0.2, application/json", False),
        ("text/event-stream;charset=utf-8", True),
        ("text/event-stream;q=nonsense", False),
        ("application/json;q=0.4, text/event-stream;charset=utf-8;q=0.5", True),
        ("*/*", False),
        ("application/json", False),
        ("", False),
    ],
)
def test_accept_asks_for_events_when_it_ranks_them_above_json(
    accept: str, *, streams: bool
) -> None:
    assert to_wishes({b"accept": accept.encode()}).stream is streams


@pytest.mark.parametrize(
    ("prefer", "background"),
    [
        ("respond-async", True),
        ("return=minimal, Respond-Async; foo", True),
        ("wait=10", False),
        ("", False),
    ],
)
def test_prefer_asks_for_the_background(prefer: str, *, background: bool) -> None:
    assert to_wishes({b"prefer": prefer.encode()}).background is background


def test_headers_of_no_interest_are_no_wishes() -> None:
    assert to_wishes({b"host": b"x", b"user-agent": b"curl"}) == Wishes()
    assert to_wishes({b"accept": b"*/*"}) == Wishes()


@pytest.mark.parametrize("sent", [b"abc-123", b'"abc-123"'])
def test_an_idempotency_key_may_be_quoted(sent: bytes) -> None:
    assert to_wishes({b"idempotency-key": sent}).idempotency_key == "abc-123"


@pytest.mark.parametrize(
    "sent", [b"", b'""', b"with space", b"x" * 256, b"\xe9", b"\x01", b'"', b'"a', b'a"b']
)
def test_a_bad_idempotency_key_is_refused_by_name(sent: bytes) -> None:
    with pytest.raises(InvalidInputError, match="255 visible ASCII") as caught:
        to_wishes({b"idempotency-key": sent})
    assert caught.value.problems[0][0] == "Idempotency-Key"


def test_the_container_header_names_the_session() -> None:
    assert to_wishes({SESSION_HEADER: b"abc"}).session == "abc"
    with pytest.raises(InvalidInputError, match=AGENTCORE_SESSION_HEADER):
        to_wishes({SESSION_HEADER: b"a/b"})


def test_last_event_id_wins_over_after() -> None:
    assert to_after({"after": "3"}, Wishes(last_event_id="17")) == 17
    assert to_after({"after": "3"}, Wishes()) == 3
    assert to_after({}, Wishes()) == -1


@pytest.mark.parametrize("text", ["-2", "1.0", "x", "", "9" * 16, "٣", "+1", " 1"])
def test_a_bad_event_id_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="after: should be an integer"):
        to_after({"after": text}, Wishes())
    with pytest.raises(InvalidInputError, match="Last-Event-ID: should be an integer"):
        to_after({}, Wishes(last_event_id=text))


def test_a_page_has_a_default_and_a_bound() -> None:
    assert to_limit({}, default=50, most=100) == 50
    assert to_limit({"limit": "100"}, default=50, most=100) == 100
    for text in ("0", "101", "-1", "x"):
        with pytest.raises(InvalidInputError, match="from 1 to 100"):
            to_limit({"limit": text}, default=50, most=100)


@pytest.mark.parametrize("name", [".", "..", "a/b", "a b", "", "-x", "a\n", "x" * 257, "é"])
def test_a_session_that_cannot_exist_reads_as_missing(name: str) -> None:
    with pytest.raises(NotFoundError, match="no such session"):
        to_session_key(name)


def test_session_names_people_use_are_taken() -> None:
    for name in ("ses_0123", "telegram:123", "a@b.example", "x", "A" * 256):
        assert to_session_key(name) == name


@given(st.dictionaries(st.sampled_from([b"accept", b"prefer", b"last-event-id"]), st.binary()))
def test_no_header_value_breaks_the_reading(headers: dict[bytes, bytes]) -> None:
    wishes = to_wishes(headers)
    assert isinstance(wishes.stream, bool)
