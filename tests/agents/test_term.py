"""Words become terms that meet, whatever their case and ending."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.agents.term import is_content, stem, terms_of, words_of


@pytest.mark.parametrize(
    "family",
    [
        ("session", "sessions"),
        ("stream", "streams", "streaming", "streamed"),
        ("cache", "caches", "caching", "cached"),
        ("retry", "retries", "retried"),
        ("cancel", "cancelled", "cancelling", "canceled"),
        ("run", "runs"),
        ("process", "processes", "processing"),
        ("configure", "configuration", "configured"),
        ("box", "boxes"),
        ("install", "installation", "installing"),
    ],
)
def test_forms_of_one_word_meet(family: tuple[str, ...]) -> None:
    assert len({stem(word) for word in family}) == 1


@pytest.mark.parametrize(
    ("one", "another"),
    [("string", "stranger"), ("status", "stat"), ("access", "acces sible"), ("run", "ran")],
)
def test_different_words_stay_apart(one: str, another: str) -> None:
    assert stem(one) != stem(another)


def test_words_split_at_punctuation_and_humps() -> None:
    assert words_of("session_mode of RunEngine, v2!") == [
        "session",
        "mode",
        "of",
        "runengine",
        "run",
        "engine",
        "v2",
    ]


def test_filler_is_not_searched_for() -> None:
    assert terms_of("How do I use the thing's sessions?") == ["session"]
    assert is_content("7")
    assert not is_content("x")


def test_other_scripts_are_words_too() -> None:
    assert terms_of("Größe сессия") == ["größe", "сессия"]


@given(st.text())
def test_any_text_has_terms_in_lower_case(text: str) -> None:
    for term in terms_of(text):
        assert term
        assert term == term.lower()
