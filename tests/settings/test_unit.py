"""Durations and sizes as people write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from agent_host.settings.unit import (
    Duration,
    Grace,
    Size,
    format_duration,
    format_size,
    parse_duration,
    parse_size,
)


class Waiting(BaseModel):
    limit: Duration = timedelta(seconds=1)
    grace: Grace = timedelta()
    room: Size = 1


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30s", 30),
        ("10m", 600),
        ("24h", 86_400),
        ("7d", 604_800),
        ("1w", 604_800),
        ("250ms", 0.25),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        (" 1.5m ", 90),
        ("45", 45),
        ("0.5", 0.5),
        (45, 45),
        (0.5, 0.5),
        (timedelta(seconds=3), 3),
        ("PT10M", 600),
        ("P1DT1H", 90_000),
    ],
)
def test_a_duration_is_read_as_it_is_written(written: object, seconds: float) -> None:
    assert Waiting.model_validate({"limit": written}).limit == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "written", ["", "soon", "10 parsecs", "10m!", "nan", "inf", "1e400", True, None, [], 10**30]
)
def test_what_is_no_duration_is_refused_with_an_example(written: object) -> None:
    with pytest.raises(ValueError, match="such as 30s, 10m, 24h"):
        parse_duration(written)


@pytest.mark.parametrize("written", ["0s", 0, "-5", "-PT5M"])
def test_a_limit_is_above_zero(written: object) -> None:
    with pytest.raises(ValidationError, match="above zero"):
        Waiting.model_validate({"limit": written})


def test_a_grace_may_be_zero_and_not_less() -> None:
    assert Waiting.model_validate({"grace": "0s"}).grace == timedelta()
    with pytest.raises(ValidationError, match="zero or more"):
        Waiting.model_validate({"grace": -1})


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("8MiB", 8 * 1024 * 1024),
        ("8 mib", 8 * 1024 * 1024),
        ("512KiB", 512 * 1024),
        ("1GiB", 1024**3),
        ("2MB", 2_000_000),
        ("1.5KiB", 1536),
        ("100B", 100),
        ("100", 100),
        (100, 100),
    ],
)
def test_a_size_is_read_as_it_is_written(written: object, size: int) -> None:
    assert Waiting.model_validate({"room": written}).room == size


@pytest.mark.parametrize("written", ["", "big", "8 furlongs", "-1", "1e3", 1.5, True, None])
def test_what_is_no_size_is_refused_with_an_example(written: object) -> None:
    with pytest.raises(ValueError, match="such as 512KiB, 8MiB"):
        parse_size(written)


def test_a_size_is_above_zero() -> None:
    with pytest.raises(ValidationError, match="above zero"):
        Waiting.model_validate({"room": "0KiB"})


def test_texts_are_short() -> None:
    assert format_duration(timedelta(minutes=10)) == "10m"
    assert format_duration(timedelta(hours=25, seconds=1)) == "1d1h1s"
    assert format_duration(timedelta(milliseconds=1500)) == "1s500ms"
    assert format_duration(timedelta()) == "0s"
    assert format_size(8 * 1024 * 1024) == "8MiB"
    assert format_size(1000) == "1000"


@given(st.integers(min_value=0, max_value=10**12).map(lambda ms: timedelta(milliseconds=ms)))
def test_a_duration_survives_writing_and_reading(duration: timedelta) -> None:
    assert parse_duration(format_duration(duration)) == duration


@given(st.integers(min_value=-(10**6), max_value=10**6).map(lambda us: timedelta(microseconds=us)))
def test_odd_durations_survive_too(duration: timedelta) -> None:
    assert parse_duration(format_duration(duration)) == duration


@given(st.integers(min_value=0))
def test_a_size_survives_writing_and_reading(size: int) -> None:
    assert parse_size(format_size(size)) == size


@given(st.text())
def test_any_text_is_a_duration_or_refused_with_an_example(text: str) -> None:
    try:
        parsed = parse_duration(text)
    except ValueError as error:
        assert "such as 30s" in str(error)  # noqa: PT017 - both outcomes are fine
    else:
        assert isinstance(parsed, (timedelta, str))
