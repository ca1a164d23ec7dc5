"""Codes and numbers: made, typed, read back, hashed."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.linking.code import (
    ALPHABET,
    CodeForm,
    fast_digest,
    new_code,
    new_number,
    read_code,
    read_number,
    slow_digest,
)

FORMS = st.sampled_from(CodeForm)


@pytest.mark.parametrize(("form", "length"), [(CodeForm.SHORT, 8), (CodeForm.LONG, 26)])
def test_a_code_is_read_back_however_it_is_typed(form: CodeForm, length: int) -> None:
    shown = new_code(form)
    code = read_code(shown, form)
    assert code is not None
    assert len(code) == length
    assert set(code) <= set(ALPHABET)
    for typed in (code, code.lower(), f" {shown} ", shown.replace("-", " ")):
        assert read_code(typed, form) == code


def test_what_people_type_instead_is_read_as_what_was_meant() -> None:
    assert read_code("OoIiLl00", CodeForm.SHORT) == "00111100"


@given(FORMS, st.text(max_size=80))
def test_any_text_is_a_code_or_none(form: CodeForm, typed: str) -> None:
    code = read_code(typed, form)
    assert code is None or (len(code) == form.length and set(code) <= set(ALPHABET))
    assert code is None or read_code(code, form) == code


@given(st.text(alphabet=string.digits + " -x٣", max_size=80))
def test_any_text_is_a_number_or_none(typed: str) -> None:
    number = read_number(typed)
    assert number is None or (number.isascii() and number.isdigit() and len(number) == 6)


def test_a_number_is_read_back_with_or_without_breaks() -> None:
    number = new_number()
    assert read_number(f" {number[:3]} {number[3:]}") == number
    assert read_number(f"{number}0") is None


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_two_lists_of_texts_never_share_a_digest(one: list[str], other: list[str]) -> None:
    assert (fast_digest(*one) == fast_digest(*other)) == (one == other)


def test_a_lone_surrogate_is_a_text_like_any_other() -> None:
    assert fast_digest("\ud800") != fast_digest("?") != fast_digest("\N{REPLACEMENT CHARACTER}")


def test_a_slow_digest_is_of_its_context_and_is_not_the_secret() -> None:
    digest = slow_digest("ABCD1234", "code", "default")
    assert digest == slow_digest("ABCD1234", "code", "default")
    assert digest != slow_digest("ABCD1234", "code", "other")
    assert digest != slow_digest("ABCD1235", "code", "default")
    assert "ABCD" not in digest
