"""Values that are built often are built by another `__init__`, and stay dataclasses in all else."""

import dataclasses
import inspect
from dataclasses import dataclass, field

import pytest
from pydantic import TypeAdapter

from agent_host.types import Message, RunResult, TextPart
from agent_host.types.quick_init import maker, quick_init


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """As the standard library makes it."""

    name: str
    size: int = 1
    tags: dict[str, int] = field(default_factory=dict[str, int])
    parts: list[str] = field(default_factory=lambda: ["one"])


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """The same."""

    name: str
    size: int = 1
    tags: dict[str, int] = field(default_factory=dict[str, int])
    parts: list[str] = field(default_factory=lambda: ["one"])

    def __post_init__(self) -> None:
        if self.size < 0:
            message = "size is not negative"
            raise ValueError(message)


def test_fields_are_those_of_the_dataclass() -> None:
    assert dataclasses.asdict(Quick(name="a")) == dataclasses.asdict(Plain(name="a"))
    given = {"name": "a", "size": 3, "tags": {"x": 1}, "parts": list[str]()}
    assert dataclasses.asdict(Quick(**given)) == given  # type: ignore[arg-type]  # of mixed types
    assert inspect.signature(Quick) == inspect.signature(Plain)


def test_defaults_are_not_shared() -> None:
    one, two = Quick(name="a"), Quick(name="a")
    one.tags["x"] = 1
    one.parts.append("two")
    assert (two.tags, two.parts) == ({}, ["one"])


def test_arguments_are_checked_as_ever() -> None:
    with pytest.raises(TypeError, match="name"):
        Quick()  # type: ignore[call-arg]  # what is tested
    with pytest.raises(TypeError, match="colour"):
        Quick(name="a", colour="red")  # type: ignore[call-arg]  # what is tested
    with pytest.raises(ValueError, match="not negative"):
        Quick(name="a", size=-1)


def test_values_stay_frozen_comparable_and_replaceable() -> None:
    quick = Quick(name="a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        quick.name = "b"  # type: ignore[misc]  # what is tested
    assert quick == Quick(name="a")
    assert dataclasses.replace(quick, name="b") == Quick(name="b")
    assert repr(quick) == "Quick(name='a', size=1, tags={}, parts=['one'])"


def test_pydantic_reads_them_as_dataclasses() -> None:
    result = RunResult(messages=(Message(role="user", parts=(TextPart(text="hello"),)),))
    adapter = TypeAdapter(RunResult)
    assert adapter.validate_json(adapter.dump_json(result)) == result


make = maker(Quick)


def test_what_a_maker_makes_is_what_the_class_makes() -> None:
    tags, parts = {"x": 1}, ["two"]
    pairs = (
        (make(name="a"), Quick(name="a")),
        (
            make(name="a", size=3, tags=tags, parts=parts),
            Quick(name="a", size=3, tags=tags, parts=parts),
        ),
    )
    for made, built in pairs:
        assert type(made) is Quick
        assert made == built
        assert dataclasses.replace(made, size=7).size == 7
    assert make(name="a").tags is not make(name="a").tags


def test_what_a_maker_makes_is_frozen_and_checked() -> None:
    made = make(name="a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.size = 2  # type: ignore[misc]  # what is tested
    with pytest.raises(TypeError, match="name"):
        make()  # type: ignore[call-arg]  # what is tested
    with pytest.raises(TypeError, match="colour"):
        make(name="a", colour="red")  # type: ignore[call-arg]  # what is tested
    with pytest.raises(ValueError, match="not negative"):
        make(name="a", size=-1)
