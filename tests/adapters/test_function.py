"""Functions and generators of every supported signature."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from pydantic import BaseModel

from agent_host.adapters.function import FunctionAdapter, target
from agent_host.context import current_run_id
from agent_host.errors import InvalidInputError, UnsupportedTargetError
from agent_host.types import (
    Answer,
    ArtifactChunk,
    DataPart,
    ErrorPart,
    FilePart,
    InputRequired,
    Message,
    Part,
    PartAdded,
    ProgressReported,
    Question,
    ReasoningDelta,
    ReasoningPart,
    RunCancelled,
    RunCompleted,
    RunEvent,
    RunFailed,
    RunFailure,
    RunId,
    RunResult,
    StateChanged,
    TextDelta,
    TextPart,
    ToolCallFinished,
    ToolCallPart,
    ToolCallStarted,
    ToolResultPart,
    Turn,
)
from tests.adapters.driving import drive, host_function, make_answer, make_turn


class City(BaseModel):
    name: str
    people: int = 0


@dataclass
class Place:
    name: str


async def echo(text: str) -> str:
    """Say it again.

    More about it.
    """
    return f"you said {text}"


def echo_blocking(text: str) -> str:
    return f"you said {text}"


async def echo_turn(turn: Turn) -> str:
    return f"you said {turn.text}"


async def full_result(turn: Turn) -> RunResult:
    return RunResult.of_text(f"you said {turn.text}")


async def one_message(text: str) -> Message:
    return Message.assistant(f"you said {text}")


async def several_messages(text: str) -> list[Message]:
    return [Message.assistant(f"you said {text}")]


class Caller:
    def __call__(self, text: str) -> str:
        return f"you said {text}"


def later(text: str) -> Awaitable[str]:
    return echo(text)


def any_number(*texts: str) -> str:
    return f"you said {texts[0]}"


def with_prefix(prefix: str, text: str) -> str:
    return prefix + text


ANSWERING: list[Callable[..., object]] = [
    echo,
    echo_blocking,
    echo_turn,
    full_result,
    one_message,
    several_messages,
    Caller(),
    partial(with_prefix, "you said "),
    later,
    any_number,
]
NAMELESS: Callable[[str], str] = lambda text: f"you said {text}"  # noqa: E731 - without a name


@pytest.mark.parametrize("function", [*ANSWERING, NAMELESS])
async def test_a_function_answers(function: object) -> None:
    driven = await drive(host_function(function), make_turn("hi"))
    assert driven.result.text == "you said hi"


async def test_a_function_without_parameters_is_called_without() -> None:
    assert (await drive(host_function(lambda: "noon"), make_turn())).result.text == "noon"


@pytest.mark.parametrize(
    ("value", "json"),
    [
        (City(name="Rome", people=3), {"name": "Rome", "people": 3}),
        (Place(name="Rome"), {"name": "Rome"}),
        ({"name": "Ròme"}, {"name": "Ròme"}),
        ([1, 2.5, None], [1, 2.5, None]),
        (7, 7),
        (float("nan"), None),
    ],
)
async def test_what_is_no_text_becomes_the_value_and_its_json_the_text(
    value: object, json: object
) -> None:
    result = (await drive(host_function(lambda: value), make_turn())).result
    assert result.value == json
    assert result.text == FunctionJson.dump(json)


class FunctionJson:
    """JSON as the answer's text shows it."""

    @staticmethod
    def dump(value: object) -> str:
        return str(value).replace("'", '"').replace("None", "null")


async def test_none_is_an_empty_answer() -> None:
    assert (await drive(host_function(lambda: None), make_turn())).result == RunResult()


async def test_what_is_not_json_fails_without_showing_it() -> None:
    class Secret:
        def __repr__(self) -> str:
            return "hunter2"

    with pytest.raises(TypeError) as caught:
        await drive(host_function(lambda: [Secret()]), make_turn())
    assert "hunter2" not in str(caught.value)


async def test_a_blocking_function_leaves_the_loop_free_and_knows_its_run() -> None:
    release = threading.Event()

    def blocking(_: str) -> str:
        assert release.wait(30)
        return str(current_run_id.get())

    current_run_id.set(RunId("run_7"))
    running = asyncio.ensure_future(drive(host_function(blocking), make_turn()))
    await asyncio.to_thread(lambda: None)  # The loop turns while the function blocks.
    assert not running.done()
    release.set()
    assert (await running).result.text == "run_7"


async def test_a_cancelled_run_does_not_wait_for_its_thread() -> None:
    started, release = threading.Event(), threading.Event()

    def stuck(_: str) -> None:
        started.set()
        assert release.wait(30)

    running = asyncio.ensure_future(drive(host_function(stuck), make_turn()))
    await asyncio.to_thread(started.wait, 30)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    release.set()


async def chunks(text: str) -> AsyncIterator[str | RunEvent]:
    yield "you "
    yield ReasoningDelta(text="hm")
    yield f"said {text}"


def chunks_blocking(text: str) -> Iterator[str | RunEvent]:
    yield "you "
    yield ReasoningDelta(text="hm")
    yield f"said {text}"


def gives_an_iterator(text: str) -> AsyncIterator[str | RunEvent]:
    class Items:
        def __init__(self) -> None:
            self.left: list[str | RunEvent] = ["you ", ReasoningDelta(text="hm"), f"said {text}"]

        def __aiter__(self) -> "Items":
            return self

        async def __anext__(self) -> str | RunEvent:
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop(0)

    return Items()


@pytest.mark.parametrize("function", [chunks, chunks_blocking, gives_an_iterator])
async def test_a_generator_streams_text_and_events(function: object) -> None:
    hosted = host_function(function)
    driven = await drive(hosted, make_turn("hi"))
    assert hosted.capabilities.streams
    assert driven.events == [
        TextDelta(text="you "),
        ReasoningDelta(text="hm"),
        TextDelta(text="said hi"),
    ]


async def test_a_blocking_generator_may_return_its_result() -> None:
    def steps() -> Generator[str, None, dict[str, bool]]:
        yield "working"
        return {"done": True}

    driven = await drive(host_function(steps), make_turn())
    assert driven.text == "working"
    assert driven.result.value == {"done": True}


async def ask(turn: Turn) -> AsyncGenerator[RunEvent | str, Answer]:
    name = yield InputRequired(questions=(Question(prompt="Who?"),))
    sure = yield InputRequired(questions=(Question(prompt="Sure?", kind="approval"),))
    yield f"{name.value} {sure.value} {turn.text}"


def ask_blocking(turn: Turn) -> Generator[RunEvent | str, Answer, None]:
    name = yield InputRequired(questions=(Question(prompt="Who?"),))
    sure = yield InputRequired(questions=(Question(prompt="Sure?", kind="approval"),))
    yield f"{name.value} {sure.value} {turn.text}"


@pytest.mark.parametrize("function", [ask, ask_blocking])
async def test_an_answer_is_the_value_of_the_yield(function: object) -> None:
    driven = await drive(host_function(function), make_turn("hi"), "Ada", True)
    assert driven.text == "Ada True hi"


@pytest.mark.parametrize("blocking", [False, True])
async def test_a_generator_that_is_closed_early_cleans_up(blocking: bool) -> None:
    left: list[str] = []

    async def stream() -> AsyncIterator[str]:
        try:
            yield "a"
            yield "b"
        finally:
            left.append("cleaned")

    def stream_blocking() -> Iterator[str]:
        try:
            yield "a"
            yield "b"
        finally:
            left.append("cleaned")

    hosted = host_function(stream_blocking if blocking else stream)
    events = hosted.run(make_turn())
    assert await anext(events) == TextDelta(text="a")
    await events.aclose()  # type: ignore[attr-defined] # the adapters' are generators
    assert left == ["cleaned"]


async def test_a_blocking_generator_that_is_stuck_does_not_hold_a_cancelled_run() -> None:
    started, release = threading.Event(), threading.Event()

    def stuck() -> Iterator[str]:
        started.set()
        assert release.wait(30)
        yield "late"

    running = asyncio.ensure_future(drive(host_function(stuck), make_turn()))
    await asyncio.to_thread(started.wait, 30)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    release.set()


PARTS: tuple[Part, ...] = (
    TextPart(text="t"),
    FilePart(media_type="text/plain", data=b"x"),
    DataPart(data={"a": 1}),
    ToolCallPart(call_id="1", name="t", arguments={}),
    ToolResultPart(call_id="1", name="t", result="r"),
    ReasoningPart(text="hm"),
    ErrorPart(code="c", message="m"),
)


async def test_a_generator_drives_every_part_status_artifact_and_question() -> None:
    said: list[RunEvent] = [
        ProgressReported(text="looking"),
        ToolCallStarted(call_id="1", name="t"),
        ToolCallFinished(call_id="1", name="t", result=2),
        *(PartAdded(part=part) for part in PARTS),
        ArtifactChunk(artifact_id="a", parts=PARTS[:1], last=False),
        ArtifactChunk(artifact_id="a", parts=PARTS[1:], append=True),
        StateChanged(patch=[{"op": "add", "path": "/a", "value": 1}]),
        InputRequired(questions=(Question(prompt="?", kind="auth"),)),
        RunCompleted(result=RunResult(value=3)),
    ]

    async def everything() -> AsyncIterator[RunEvent]:
        for event in said:
            yield event

    assert (await drive(host_function(everything), make_turn(), "ok")).events == said


@pytest.mark.parametrize(
    "terminal", [RunFailed(failure=RunFailure(code="mine", message="no")), RunCancelled()]
)
async def test_a_generator_may_end_its_run_as_failed_or_cancelled(terminal: RunEvent) -> None:
    async def ending() -> AsyncIterator[RunEvent]:
        yield terminal

    assert (await drive(host_function(ending), make_turn())).events == [terminal]


@pytest.mark.parametrize(
    "changes",
    [
        {"input": City(name="Rome")},
        {"input": {"name": "Rome"}},
        {"messages": (Message(role="user", parts=(DataPart(data={"name": "Rome"}),)),)},
        {"messages": (Message.user('{"name": "Rome"}'),)},
    ],
)
async def test_a_model_is_made_from_a_hooks_value_a_data_part_or_json(
    changes: dict[str, Any],
) -> None:
    async def describe(city: City) -> str:
        return city.name

    assert (await drive(host_function(describe), make_turn(**changes))).result.text == "Rome"


async def test_a_model_that_does_not_fit_is_told_field_by_field() -> None:
    async def describe(city: City) -> str:
        return city.name

    turn = make_turn(messages=(Message(role="user", parts=(DataPart(data={"people": "x"}),)),))
    with pytest.raises(InvalidInputError) as caught:
        await drive(host_function(describe), turn)
    assert [field for field, _ in caught.value.problems] == ["name", "people"]


async def test_what_a_target_is_can_be_declared() -> None:
    @target(name="Town crier", version="2", description="Cries.", steers=True, resumes=True)
    async def crier(city: City) -> Place:
        return Place(name=city.name)

    hosted = host_function(crier)
    assert hosted.description.name == "Town crier"
    assert hosted.description.version == "2"
    assert hosted.description.description == "Cries."
    assert hosted.description.input_schema is not None
    assert hosted.description.output_schema is not None
    assert hosted.capabilities.steers
    assert hosted.capabilities.resumes
    assert not hosted.capabilities.streams


def test_what_is_not_declared_is_read_from_the_function() -> None:
    described = host_function(echo).description
    assert (described.name, described.description) == ("echo", "Say it again.")
    assert described.input_schema is None
    assert host_function(NAMELESS).description.name == "given"


def two_arguments(one: str, two: str) -> str:
    return one + two


def keyword_only(*, text: str) -> str:
    return text


def strange(connection: threading.Thread) -> str:
    return str(connection)


def unreadable(turn: object) -> str:
    return str(turn)


unreadable.__annotations__["turn"] = "Nowhere"  # As it is with an import under TYPE_CHECKING.


@pytest.mark.parametrize("function", [two_arguments, keyword_only, strange, unreadable])
def test_a_signature_that_a_turn_cannot_fill_is_refused_by_name(
    function: Callable[..., object],
) -> None:
    with pytest.raises(UnsupportedTargetError, match=function.__name__):
        host_function(function)


def test_a_class_is_no_function() -> None:
    assert not FunctionAdapter().matches(City)
    assert FunctionAdapter().matches(echo)
    assert FunctionAdapter().supports


def test_an_answer_names_its_question() -> None:
    event = InputRequired(questions=(Question(prompt="?"),))
    assert make_answer(event, 1).value == 1
