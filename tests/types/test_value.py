"""Values refuse what makes no sense, and statuses move by their table only."""

import asyncio
import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.errors import InvalidTransitionError
from agent_host.types import (
    TRANSITIONS,
    Answer,
    CancelSignal,
    ChannelIdentity,
    FilePart,
    IsolationKey,
    Message,
    Owner,
    QuestionId,
    ResponseTarget,
    RunResult,
    RunStatus,
    SteeringInbox,
    TextPart,
    Usage,
    check_transition,
)

statuses = st.sampled_from(RunStatus)


@given(statuses, statuses)
def test_a_status_changes_only_as_the_table_says(before: RunStatus, after: RunStatus) -> None:
    if after in TRANSITIONS[before]:
        check_transition(before, after)
    else:
        with pytest.raises(InvalidTransitionError, match=f"{before.value} cannot"):
            check_transition(before, after)


def test_nothing_follows_a_terminal_status() -> None:
    terminal = {status for status in RunStatus if status.is_terminal}
    assert terminal == {RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED}


@given(st.text(max_size=5), st.text(max_size=5), st.text(max_size=5), st.text(max_size=5))
def test_partitions_of_two_owners_never_collide(a: str, b: str, c: str, d: str) -> None:
    one = Owner(tenant=a, isolation_key=IsolationKey(b))
    two = Owner(tenant=c, isolation_key=IsolationKey(d))
    assert (one.partition == two.partition) == (one == two)


def test_values_do_not_change() -> None:
    message = Message.user("hello")
    with pytest.raises((dataclasses.FrozenInstanceError, AttributeError)):
        message.role = "system"  # type: ignore[misc] # what is tested


@pytest.mark.parametrize(
    "sources", [{}, {"data": b"x", "uri": "https://example.org/x"}], ids=["none", "both"]
)
def test_a_file_has_one_source(sources: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="either data or uri"):
        FilePart(media_type="text/plain", **sources)  # type: ignore[arg-type] # what is tested


def test_a_response_target_names_what_its_kind_needs() -> None:
    person = ChannelIdentity(channel="c", account="a", native_id="1")
    assert ResponseTarget(kind="channels", channels=("c",), echo_input=True).echo_input
    assert ResponseTarget(kind="identities", identities=(person,)).identities == (person,)
    mistakes: list[dict[str, Any]] = [
        {"kind": "channels"},
        {"kind": "originating", "channels": ("c",)},
        {"kind": "identities"},
        {"kind": "active", "identities": (person,)},
        {"kind": "none", "echo_input": True},
        {"kind": "originating", "echo_input": True},
    ]
    for wrong in mistakes:
        with pytest.raises(ValueError, match=r"name|echo_input"):
            ResponseTarget(**wrong)


def test_the_value_of_several_answers_is_ambiguous() -> None:
    assert Answer(values={QuestionId("a"): 1}).value == 1
    with pytest.raises(ValueError, match="unpack"):
        _ = Answer(values={QuestionId("a"): 1, QuestionId("b"): 2}).value


def test_usage_adds_up_and_text_joins() -> None:
    assert Usage(input_tokens=1) + Usage(input_tokens=2, requests=1) == Usage(
        input_tokens=3, requests=1
    )
    result = RunResult(
        messages=(
            Message.user("q"),
            Message(role="assistant", parts=(TextPart(text="a"), TextPart(text="b"))),
            Message.assistant("c"),
        )
    )
    assert result.text == "ab\n\nc"


async def test_the_first_reason_to_stop_stays_and_wakes_whoever_waits() -> None:
    signal = CancelSignal()
    waiting = [asyncio.ensure_future(signal.wait()) for _ in range(2)]
    await asyncio.sleep(0)
    assert not signal.is_set()
    signal.set("caller")
    signal.set("timeout")
    await asyncio.gather(*waiting)
    await signal.wait()
    assert signal.reason == "caller"


async def test_steering_messages_are_taken_once_and_in_order() -> None:
    inbox = SteeringInbox()
    taken: list[str] = []
    inbox.put([Message.user("a"), Message.user("b")], lambda: taken.append("first"))
    inbox.put([Message.user("c")], lambda: taken.append("second"))
    assert [message.text for message in inbox.take()] == ["a", "b", "c"]
    assert taken == ["first", "second"]
    assert inbox.take() == ()

    async def follow() -> list[str]:
        found: list[str] = []
        async for message in inbox:
            found.append(message.text)
            if len(found) == 2:
                break
        return found

    following = asyncio.ensure_future(follow())
    await asyncio.sleep(0)
    inbox.put([Message.user("d")], lambda: None)
    await asyncio.sleep(0)
    inbox.put([Message.user("e")], lambda: None)
    assert await following == ["d", "e"]
