"""What a failure means for the next attempt, with times and chances that the tests choose."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.delivery.attempt_row import ROWS_LIMIT, begun, failed_row
from agent_host.delivery.failure import PushFailure, failed
from agent_host.delivery.pacing import Pacing
from agent_host.delivery.record import StoredDelivery
from agent_host.errors import PushError, PushErrorClass
from agent_host.testing.manual_clock import ManualClock
from agent_host.types import (
    Delivery,
    DeliveryId,
    DeliveryPolicy,
    DeliveryStatus,
    Destination,
    IsolationKey,
    Owner,
)
from agent_host.wire.push_answer import check_answer, retry_after

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = DeliveryPolicy()
ALICE = Owner(tenant="default", isolation_key=IsolationKey("alice"))
STORED = StoredDelivery(
    delivery=Delivery(
        id=DeliveryId("dlv_1"),
        owner=ALICE,
        run_id=None,
        destination=Destination(channel="chat"),
        status=DeliveryStatus.ATTEMPTING,
        created_at=NOW,
        due_at=NOW,
    ),
    since=NOW,
)
RETRIED = st.sampled_from([PushErrorClass.TRANSIENT, PushErrorClass.RATE_LIMITED])


@given(
    RETRIED,
    st.none() | st.timedeltas(timedelta(), timedelta(days=2)),
    st.floats(0, 1),
    st.integers(0, 10),
)
def test_the_next_attempt_is_bounded_and_never_before_the_platform_wants_it(
    error_class: PushErrorClass, after: timedelta | None, chance: float, failures: int
) -> None:
    failure = PushFailure(error_class=error_class, error_code="x", retry_after=after)
    before = StoredDelivery(delivery=STORED.delivery, since=NOW, failures=failures)
    result = failed(before, failure, policy=POLICY, is_idempotent=False, now=NOW, chance=chance)
    assert result.failures == failures + 1
    if result.status is DeliveryStatus.DEAD:
        too_long = after is not None and after + POLICY.first_delay > POLICY.give_up_after
        assert failures + 1 >= POLICY.attempts_limit or too_long
        return
    assert result.status is DeliveryStatus.FAILED
    wait = result.delivery.due_at - NOW
    assert wait <= max(POLICY.last_delay, (after or timedelta()) + POLICY.first_delay)
    assert wait >= (after or timedelta())
    assert result.failing_since == NOW


def test_waits_double_up_to_the_longest() -> None:
    failure = PushFailure(error_class=PushErrorClass.TRANSIENT, error_code="x")
    stored = STORED
    waits: list[float] = []
    for _ in range(POLICY.attempts_limit - 1):
        stored = failed(stored, failure, policy=POLICY, is_idempotent=False, now=NOW, chance=1.0)
        waits.append((stored.delivery.due_at - NOW).total_seconds())
    assert waits == [5, 10, 20, 40, 80, 160, 320]


def test_rows_are_bounded_and_their_numbers_go_on() -> None:
    stored = STORED
    failure = PushFailure(error_class=PushErrorClass.TRANSIENT, error_code="x")
    for _ in range(ROWS_LIMIT + 5):
        stored = failed_row(begun(stored, NOW), NOW, failure)
    rows = stored.delivery.attempts
    assert [row.number for row in rows] == list(range(6, ROWS_LIMIT + 6))


@pytest.mark.parametrize(
    ("status", "error_class"),
    [
        (200, None),
        (204, None),
        (302, PushErrorClass.PERMANENT),
        (400, PushErrorClass.PERMANENT),
        (404, PushErrorClass.PERMANENT),
        (410, PushErrorClass.PERMANENT),
        (408, PushErrorClass.RATE_LIMITED),
        (425, PushErrorClass.RATE_LIMITED),
        (429, PushErrorClass.RATE_LIMITED),
        (500, PushErrorClass.TRANSIENT),
        (502, PushErrorClass.TRANSIENT),
        (503, PushErrorClass.TRANSIENT),
        (504, PushErrorClass.TRANSIENT),
    ],
)
def test_http_answers(status: int, error_class: PushErrorClass | None) -> None:
    if error_class is None:
        check_answer(status, {}, now=NOW)
        return
    with pytest.raises(PushError) as caught:
        check_answer(status, {"retry-after": "7"}, now=NOW)
    assert caught.value.error_class is error_class
    assert caught.value.error_code == f"http_{status}"
    waits = error_class is not PushErrorClass.PERMANENT
    assert caught.value.retry_after == (timedelta(seconds=7) if waits else None)


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("120", timedelta(minutes=2)),
        (" 0 ", timedelta()),
        ("9" * 400, timedelta(days=30)),
        ("Thu, 01 Jan 2026 00:01:00 GMT", timedelta(minutes=1)),
        ("Thu, 01 Jan 2026 00:01:00 -0000", timedelta(minutes=1)),
        ("Wed, 31 Dec 2025 00:00:00 GMT", timedelta()),
        ("soon", None),
        ("-1", None),
        ("", None),
        ("\u0663", None),
    ],
)
def test_retry_after(text: str, wait: timedelta | None) -> None:
    assert retry_after({"retry-after": text}, now=NOW) == wait


@given(st.text())
def test_whatever_retry_after_says_it_makes_sense_or_nothing(text: str) -> None:
    wait = retry_after({"retry-after": text}, now=NOW)
    assert wait is None or timedelta() <= wait <= timedelta(days=30)


def test_a_fan_out_is_let_go_by_and_by_and_nobody_elses_waits() -> None:
    clock = ManualClock()
    policy = DeliveryPolicy(burst=4, spacing=timedelta(seconds=1))
    pacing = Pacing(policy, clock)
    waits = [wait.total_seconds() for wait in pacing.delays(ALICE, 7)]
    assert waits == [0, 0, 0, 0, 1, 2, 3]
    bob = Owner(tenant="default", isolation_key=IsolationKey("bob"))
    assert pacing.delays(bob, 1) == [timedelta()]
    assert pacing.delays(ALICE, 1) == [timedelta(seconds=4)]
    clock.advance(timedelta(seconds=60))
    assert pacing.delays(ALICE, 1) == [timedelta()]
