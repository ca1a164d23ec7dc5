"""Objects with `run`, classes of them, and whole targets."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self

import pytest

from agent_host.adapters.function import target
from agent_host.adapters.runnable import RunnableAdapter
from agent_host.errors import UnsupportedTargetError
from agent_host.types import (
    RunEvent,
    TargetCapabilities,
    TargetDescription,
    TextDelta,
    Turn,
)
from tests.adapters.driving import drive, make_turn

ADAPTER = RunnableAdapter()


class Greeter:
    """Greets.

    In any language.
    """

    def __init__(self, greeting: str = "hello") -> None:
        self.greeting = greeting

    async def run(self, text: str) -> str:
        return f"{self.greeting} {text}"


class Streamer:
    name = "my streamer"
    description = "Streams."

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent | str]:
        yield turn.text
        yield TextDelta(text="!")


class Blocking:
    def run(self) -> str:
        return "noon"


class Static:
    @staticmethod
    def run(text: str) -> str:
        return text


async def test_an_object_serves_every_turn() -> None:
    hosted = ADAPTER.adapt(Greeter("salve"), name="given")
    assert (await drive(hosted, make_turn("Ada"))).result.text == "salve Ada"
    assert hosted.description.name == "Greeter"
    assert hosted.description.description == "Greets."


async def test_an_object_may_stream_and_name_itself() -> None:
    hosted = ADAPTER.adapt(Streamer(), name="given")
    assert (await drive(hosted, make_turn("hi"))).text == "hi!"
    assert hosted.capabilities.streams
    assert hosted.description.name == "my_streamer"
    assert hosted.description.description == "Streams."


@pytest.mark.parametrize(
    ("kind", "text"), [(Greeter, "hello hi"), (Blocking, "noon"), (Static, "hi")]
)
async def test_a_class_is_made_for_each_run(kind: type, text: str) -> None:
    hosted = ADAPTER.adapt(kind, name="given")
    assert (await drive(hosted, make_turn("hi"))).result.text == text
    assert hosted.description.name == kind.__name__


async def test_runs_of_a_class_share_no_state() -> None:
    both = asyncio.Barrier(2)

    class Stateful:
        def __init__(self) -> None:
            self.seen: list[str] = []

        async def run(self, text: str) -> str:
            self.seen.append(text)
            await both.wait()
            return ",".join(self.seen)

    hosted = ADAPTER.adapt(Stateful, name="given")
    driven = await asyncio.gather(*(drive(hosted, make_turn(text)) for text in "ab"))
    assert [run.result.text for run in driven] == ["a", "b"]


async def test_what_must_be_open_is_open_while_hosted() -> None:
    class Connected:
        is_open = False

        async def __aenter__(self) -> Self:
            self.is_open = True
            return self

        async def __aexit__(self, *_: object) -> None:
            self.is_open = False

        async def run(self) -> bool:
            return self.is_open

    connected = Connected()
    hosted = ADAPTER.adapt(connected, name="given")
    async with hosted:  # type: ignore[attr-defined] # what the adapter makes can be entered
        assert (await drive(hosted, make_turn())).result.value is True
    assert not connected.is_open


class Whole:
    """Written against the protocol."""

    @property
    def description(self) -> TargetDescription:
        return TargetDescription(name="whole")

    @property
    def capabilities(self) -> TargetCapabilities:
        return TargetCapabilities()

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        yield TextDelta(text=turn.text)


async def test_a_whole_target_stays_as_it_is() -> None:
    whole = Whole()
    hosted = ADAPTER.adapt(whole, name="given")
    assert hosted is whole
    assert (await drive(hosted, make_turn("hi"))).text == "hi"


async def test_a_declaration_counts_for_a_class_too() -> None:
    @target(name="declared", rerunnable=True)
    class Plain:
        async def run(self) -> str:
            return ""

    hosted = ADAPTER.adapt(Plain, name="given")
    assert hosted.description.name == "declared"
    assert hosted.capabilities.rerunnable


def test_a_signature_is_no_description() -> None:
    @dataclass
    class Plain:
        greeting: str = "hello"

        def run(self) -> str:
            return self.greeting

    assert ADAPTER.adapt(Plain, name="given").description.description == ""


def test_a_class_that_needs_arguments_is_refused() -> None:
    class Needy:
        def __init__(self, key: str) -> None:
            self.key = key

        def run(self) -> str:
            return self.key

    with pytest.raises(UnsupportedTargetError, match="without arguments"):
        ADAPTER.adapt(Needy, name="given")


def test_what_has_no_run_is_left_to_others() -> None:
    assert not ADAPTER.matches(object())
    assert ADAPTER.matches(Greeter)
    assert ADAPTER.supports
