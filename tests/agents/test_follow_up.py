"""What people say next is understood from what they said before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.agents.follow_up import LAST, Wish, WishKind, understand

QUESTION = "How long do sessions last?"


def after_question(*said: str) -> Wish:
    return understand([QUESTION, *said])


def test_a_question_is_asked() -> None:
    assert understand([QUESTION]) == Wish(kind=WishKind.ASK, question=QUESTION)


@pytest.mark.parametrize(
    "text", ["hi", "Hello!", "hey there", "Good morning", "/start", "GREETINGS"]
)
def test_greetings(text: str) -> None:
    assert understand([text]).kind is WishKind.GREET


@pytest.mark.parametrize(
    "text",
    ["help", "?", "What can you do?", "list topics", "what can I ask?", "show me the documents"],
)
def test_calls_for_help(text: str) -> None:
    assert understand([text]).kind is WishKind.HELP


@pytest.mark.parametrize("text", ["thanks", "Thank you very much!", "ok", "great, thanks", "bye"])
def test_thanks(text: str) -> None:
    assert understand([text]).kind is WishKind.THANK


@pytest.mark.parametrize("text", ["", "   ", "!!", "why?", "how does it do that", "\x00"])
def test_words_that_name_nothing(text: str) -> None:
    assert understand([text]).kind is WishKind.UNCLEAR
    assert after_question(text) == Wish(kind=WishKind.UNCLEAR, question=QUESTION)


@pytest.mark.parametrize(
    ("text", "number", "whole"),
    [
        ("and the second one?", 2, False),
        ("the first", 1, False),
        ("show the third in full", 3, True),
        ("2", 2, False),
        ("[3]", 3, False),
        ("2nd please", 2, False),
        ("number two", 2, False),
        ("passage 12", 12, False),
        ("tell me more about the second", 2, True),
        ("number one", 1, False),
        ("and the last one?", LAST, False),
        ("show it in full", 1, True),
        ("all of it", 1, True),
        ("what about the 4th?", 4, False),
    ],
)
def test_a_passage_is_singled_out(text: str, number: int, whole: bool) -> None:
    assert after_question(text) == Wish(
        kind=WishKind.SHOW, question=QUESTION, number=number, whole=whole
    )


def test_in_full_is_about_the_passage_before() -> None:
    wish = after_question("the second one", "in full")
    assert (wish.number, wish.whole) == (2, True)


def test_next_and_previous_step_from_the_passage_before() -> None:
    assert after_question("the second", "and the next one?").number == 3
    assert after_question("the second", "the previous one").number == 1
    assert after_question("the first", "the previous one").number == 1


@pytest.mark.parametrize(
    "text", ["more", "More please!", "show me more", "anything else?", "go on", "next", "what else"]
)
def test_more(text: str) -> None:
    assert after_question(text) == Wish(kind=WishKind.MORE, question=QUESTION, page=1)
    assert after_question(text, "more").page == 2


@pytest.mark.parametrize(
    "text",
    ["where does it say that?", "Where is that from?", "sources?", "which file is that in?"],
)
def test_where(text: str) -> None:
    assert after_question(text) == Wish(kind=WishKind.LOCATE, question=QUESTION)


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("what about Redis?", "Redis?"),
        ("And how about leases", "leases"),
        ("and memory?", "memory?"),
        ("same for runs", "runs"),
    ],
)
def test_about_something_else(text: str, about: str) -> None:
    assert after_question(text) == Wish(kind=WishKind.ASK, question=QUESTION, about=about)


def test_about_replaces_the_former_about() -> None:
    wish = after_question("what about Redis?", "more", "what about disk?")
    assert wish == Wish(kind=WishKind.ASK, question=QUESTION, about="disk?")


def test_small_talk_does_not_lose_the_thread() -> None:
    wish = after_question("more", "thanks!", "and the second one?")
    assert wish == Wish(kind=WishKind.SHOW, question=QUESTION, page=1, number=2)


def test_a_new_question_starts_afresh() -> None:
    assert after_question("the second", "what is a lease?") == Wish(
        kind=WishKind.ASK, question="what is a lease?"
    )


@pytest.mark.parametrize(
    "text", ["what is the second law of robotics?", "two sessions at once", "404", "error 500"]
)
def test_numbers_in_questions_are_not_ordinals(text: str) -> None:
    assert after_question(text).kind is WishKind.ASK


def test_follow_ups_without_a_question_are_not_guessed_at() -> None:
    assert understand(["more"]).kind is WishKind.UNCLEAR
    assert understand(["and the second one?"]).question != QUESTION


def test_nothing_said_is_unclear() -> None:
    assert understand([]).kind is WishKind.UNCLEAR


@given(st.lists(st.text(max_size=80), max_size=8))
def test_anything_can_be_said(texts: list[str]) -> None:
    wish = understand(texts)
    assert wish == understand(texts)
    assert wish.page >= 0


def test_a_very_long_message_is_read_as_far_as_a_question_goes() -> None:
    wish = understand(["word " * 100_000])
    assert len(wish.question or "") <= 2_000
