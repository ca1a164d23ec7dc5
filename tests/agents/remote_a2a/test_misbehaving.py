"""An agent that breaks off, floods, keeps silent and lies: each is a failure with a name, and what
can be mended is.
"""

from dataclasses import replace
from typing import Any

import pytest

from agent_host.agents.remote_a2a import RemoteA2AAgent
from agent_host.agents.remote_a2a.failure import RemoteBusyError
from agent_host.errors import TargetError
from agent_host.types import CancelSignal, InputRequired, RunCancelled, RunEvent, TextDelta
from tests.adapters.driving import drive
from tests.agents.remote_a2a.double import (
    OPTIONS,
    Silence,
    Step,
    Stream,
    Whole,
    event,
    make_card,
    misbehaving,
    status,
    task,
    words,
)
from tests.agents.remote_a2a.serving import new_turn

DONE = status("COMPLETED")


async def failing(*steps: Step, card: dict[str, Any] | None = None) -> TargetError:
    """How a turn fails with an agent that takes these steps."""
    async with misbehaving(*steps, card=card) as (agent, _):
        with pytest.raises(TargetError) as failed:
            await drive(agent, new_turn())
    return failed.value


@pytest.mark.parametrize("then", ["close", "cut", "never"])
async def test_a_stream_that_breaks_off_is_taken_up_again(then: str) -> None:
    first = Stream([task("WORKING"), words("one ", append=False), words("two ")], then=then)
    again = Stream([task("WORKING", "one two three "), words("four"), DONE])
    async with misbehaving(first, again) as (agent, double):
        driven = await drive(agent, new_turn())
    assert double.methods == ["SendStreamingMessage", "SubscribeToTask"]
    assert double.seen[1]["params"] == {"id": "t-1"}
    assert driven.text == driven.result.text == "one two three four"


async def test_a_task_that_ended_meanwhile_is_fetched() -> None:
    first = Stream([task("WORKING"), words("one ", append=False)], then="cut")
    refused = Whole(error={"code": -32004, "message": "over"})
    whole = Whole(result=task("COMPLETED", "one two")["task"])
    async with misbehaving(first, refused, whole) as (agent, double):
        driven = await drive(agent, new_turn())
    assert double.methods[1:] == ["SubscribeToTask", "GetTask"]
    assert driven.text == driven.result.text == "one two"


async def test_an_answer_that_changed_meanwhile_is_in_the_result() -> None:
    first = Stream([task("WORKING"), words("one ", append=False)], then="cut")
    again = Stream([task("WORKING", "two "), words("three"), DONE])
    async with misbehaving(first, again) as (agent, _):
        driven = await drive(agent, new_turn())
    assert driven.text == "one "
    assert driven.result.text == "two three"


async def test_it_gives_up_when_nothing_comes_any_more() -> None:
    cut = Stream([task("WORKING")], then="cut")
    nothing = Stream([], then="cut")
    failed = await failing(cut, nothing, nothing, nothing)
    assert (failed.code, failed.retryable) == ("dependency", True)
    assert str(failed) == "The remote agent broke off."


async def test_what_never_came_to_be_a_task_is_not_sent_again() -> None:
    async with misbehaving(Stream([], then="cut")) as (agent, double):
        with pytest.raises(TargetError, match="broke off"):
            await drive(agent, new_turn())
    assert double.methods == ["SendStreamingMessage"]


async def test_silence_has_an_end() -> None:
    failed = await failing(Silence())
    assert (failed.code, failed.retryable) == ("timeout", True)


async def test_one_that_is_not_there() -> None:
    async with misbehaving() as (gone, _):
        url = gone.url
    async with RemoteA2AAgent(url, OPTIONS) as agent:
        with pytest.raises(TargetError, match="cannot be reached") as failed:
            await drive(agent, new_turn())
    assert (failed.value.code, failed.value.retryable) == ("dependency", True)


@pytest.mark.parametrize(
    ("headers", "seconds", "said"),
    [
        ({"retry-after": "7"}, 7, "in 7 seconds"),
        ({"retry-after": "soon"}, None, "again later"),
        ({"retry-after": "-1"}, None, "again later"),
        ({}, None, "again later"),
    ],
)
async def test_one_that_has_no_room_says_when(
    headers: dict[str, str], seconds: int | None, said: str
) -> None:
    failed = await failing(Whole(status=429, headers=headers))
    assert isinstance(failed, RemoteBusyError)
    assert (failed.code, failed.retryable) == ("rate_limit", True)
    assert said in str(failed)
    assert (failed.retry_after and failed.retry_after.total_seconds()) == seconds


@pytest.mark.parametrize(
    ("step", "code", "retryable"),
    [
        (Whole(error={"code": -32602, "message": "secret"}), "validation", False),
        (Whole(error={"code": -32603, "message": "secret"}), "dependency", False),
        (Whole(error={"code": "odd"}), "dependency", False),
        (Whole(error={"code": -32005}, status=400), "validation", False),
        (Whole(status=500, raw=b"secret"), "dependency", True),
        (Whole(status=503, headers={"retry-after": "3"}), "rate_limit", True),
        (Whole(status=401), "dependency", False),
        (Whole(status=413), "validation", False),
        (Whole(status=302, headers={"location": "http://127.0.0.1:1/"}), "dependency", False),
        (Whole(status=404, raw=b"secret"), "dependency", False),
        (Whole(raw=b"secret"), "dependency", False),
        (Whole(raw=b'"secret"'), "dependency", False),
        (Whole(result="secret"), "dependency", False),
        (Whole(result={"other": 1}), "dependency", False),
        (Stream(raw=b"data: secret\n\n"), "dependency", False),
        (Stream(raw=b'data: {"jsonrpc":"2.0","error":{"code":-32603}}\n\n'), "dependency", False),
        (Whole(headers={"content-encoding": "gzip"}, raw=b"\x1f\x8b"), "dependency", False),
        (Stream([task("FAILED", said="It broke.")]), "target_error", False),
        (Stream([task("REJECTED", said="No.")]), "rejected", False),
    ],
)
async def test_every_failure_has_a_class_and_says_nothing_of_theirs(
    step: Step, code: str, retryable: bool
) -> None:
    failed = await failing(step)
    assert (failed.code, failed.retryable) == (code, retryable)
    assert "secret" not in str(failed)


@pytest.mark.parametrize(
    "step",
    [
        Whole(raw=b" " * 30_000),
        Stream(raw=b"data: " + b"x" * 30_000 + b"\n\n"),
        Stream(raw=b"data: x\n" * 30_000),
        Stream(raw=b"x" * 30_000),
    ],
)
async def test_a_flood_is_cut_off(step: Step) -> None:
    failed = await failing(step)
    assert failed.code == "dependency"
    assert "bytes" in str(failed)


async def test_a_task_that_is_cancelled_there_is_cancelled_here() -> None:
    async with misbehaving(Stream([task("WORKING"), status("CANCELED")])) as (agent, _):
        driven = await drive(agent, new_turn())
    assert isinstance(driven.events[-1], RunCancelled)


@pytest.mark.parametrize("answer", [Silence(), Whole(error={"code": -32002}), Whole(status=500)])
async def test_stopping_does_not_wait_for_an_agent_that_will_not(answer: Step) -> None:
    cancelled = CancelSignal()
    events: list[RunEvent] = []
    first = Stream([task("WORKING"), words("one", append=False)], then="never")
    patient = replace(OPTIONS, idle_time_limit=OPTIONS.idle_time_limit * 20)
    async with misbehaving(first, answer, options=patient) as (agent, double):
        async for one in agent.run(new_turn(cancelled=cancelled)):
            events.append(one)
            if isinstance(one, TextDelta):
                cancelled.set("caller")
    assert double.methods == ["SendStreamingMessage", "CancelTask"]
    assert isinstance(events[-1], RunCancelled)


async def test_a_snapshot_from_before_the_answer_is_not_a_new_question() -> None:
    card_of_a_slow_one = make_card("")
    asked = task("INPUT_REQUIRED", said="Which?")
    first, stale = (
        Stream([asked]),
        Stream([asked, status("WORKING"), words("red", append=False), DONE]),
    )
    del card_of_a_slow_one
    async with misbehaving(first, stale) as (agent, double):
        driven = await drive(agent, new_turn(), "red")
    assert len(driven.of(InputRequired)) == 1
    assert double.seen[1]["params"]["message"]["taskId"] == "t-1"
    assert driven.result.text == "red"


async def test_the_same_question_may_be_asked_again() -> None:
    asked = Stream([task("INPUT_REQUIRED", said="Which?")])
    done = Stream([task("COMPLETED", "red")])
    async with misbehaving(asked, asked, done) as (agent, _):
        driven = await drive(agent, new_turn(), "blue", "red")
    assert [one.questions[0].prompt for one in driven.of(InputRequired)] == ["Which?", "Which?"]


async def test_a_card_that_leads_elsewhere_is_not_followed() -> None:
    card = make_card("http://elsewhere.example.org/rpc")
    failed = await failing(card=card)
    assert "remote_a2a.origins" in str(failed)


async def test_where_the_card_leads_may_be_named() -> None:
    async with misbehaving(Stream([task("COMPLETED", "hello")])) as (other, _):
        card = make_card(f"{other.url}/rpc")
        options = replace(OPTIONS, origins=(other.url,))
        async with misbehaving(card=card, options=options) as (agent, _):
            driven = await drive(agent, new_turn())
    assert driven.result.text == "hello"


@pytest.mark.parametrize("card", [{"name": "x"}, {"supportedInterfaces": []}, {"url": 7}])
async def test_a_card_that_is_none(card: dict[str, Any]) -> None:
    assert (await failing(card=card)).code == "dependency"


async def test_history_is_the_answer_of_one_that_says_it_nowhere_else() -> None:
    done = task("COMPLETED")
    history = [
        {"messageId": "1", "role": "ROLE_USER", "parts": [{"text": "hello"}]},
        {"messageId": "2", "role": "ROLE_AGENT", "parts": [{"text": "in the history"}]},
    ]
    whole = Whole(result={**done["task"], "history": history})
    async with misbehaving(Stream([done]), whole) as (agent, _):
        driven = await drive(agent, new_turn())
    assert driven.text == driven.result.text == "in the history"


async def test_parts_that_make_no_sense_are_named() -> None:
    parts = [{"text": "seen"}, {}, {"raw": "%%%"}, {"url": "file:///etc/passwd"}, {"raw": 7}, "x"]
    artifact = {"artifactId": "answer", "parts": parts}
    done = {**task("COMPLETED")["task"], "artifacts": [artifact]}
    async with misbehaving(Stream([{"task": done}])) as (agent, _):
        (said,) = (await drive(agent, new_turn())).result.messages
    assert [part.type for part in said.parts] == ["text", "error", "error", "error", "error"]


async def test_requests_carry_version_and_key() -> None:
    turn = new_turn()
    async with misbehaving(Stream(raw=event(task("COMPLETED", "hello")))) as (agent, double):
        await drive(agent, turn)
    (headers,) = double.headers
    assert headers["a2a-version"] == "1.0"
    assert headers["idempotency-key"] == turn.run_id
    assert headers["accept-encoding"] == "identity"
