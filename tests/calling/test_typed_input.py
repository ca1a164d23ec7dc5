"""Typed input: any payload either validates or is told what is wrong, never more."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter
from pydantic_core import to_json

from agent_host.calling.typed_input import read_input
from agent_host.errors import InvalidInputError
from agent_host.types import DataPart, Message
from tests.adapters.driving import make_turn

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


class Ticket(BaseModel):
    title: str
    priority: int = 0


TICKET = TypeAdapter(Ticket)
ANY: TypeAdapter[Any] = TypeAdapter(Any)


@given(JSON)
def test_json_reads_the_same_as_text_and_as_data(value: Any) -> None:
    text = to_json(value, inf_nan_mode="null").decode()
    as_text = read_input(make_turn(text), ANY)
    part = DataPart(data=as_text)
    as_data = read_input(make_turn(messages=(Message(role="user", parts=(part,)),)), ANY)
    assert as_data == as_text


@given(st.text(max_size=9))
def test_any_text_is_read_or_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:  # No text this short is a ticket.
        read_input(make_turn(text), TICKET)
    assert caught.value.problems


@given(JSON)
def test_a_problem_names_a_field_and_a_rule(value: Any) -> None:
    part = DataPart(data={"title": value, "priority": "much"})
    turn = make_turn(messages=(Message(role="user", parts=(part,)),))
    with pytest.raises(InvalidInputError) as caught:
        read_input(turn, TICKET)
    assert caught.value.problems[-1][0] == "priority"
    assert all(field and rule for field, rule in caught.value.problems)


def test_two_data_parts_are_one_too_many() -> None:
    parts = (DataPart(data={"title": "a"}), DataPart(data={"title": "b"}))
    with pytest.raises(InvalidInputError, match="several data parts"):
        read_input(make_turn(messages=(Message(role="user", parts=parts),)), TICKET)


def test_infinity_is_no_json() -> None:
    with pytest.raises(InvalidInputError):
        read_input(make_turn('{"title": "a", "priority": Infinity}'), TICKET)
