"""The right passage comes first, and only passages that answer come at all."""

from textwrap import dedent

from hypothesis import given
from hypothesis import strategies as st

from agent_host.agents.markdown_index import MarkdownIndex, Query
from agent_host.agents.markdown_section import sections_of
from agent_host.agents.term import terms_of

GUIDE = """\
    # Guide
    ## Sessions
    A session keeps a conversation. Sessions expire after thirty days.
    ## Runs
    A run may be cancelled by its caller. Every run has a journal of events.
    ## Leases
    A lease keeps one writer per session. It is renewed while the turn runs.
    ## Stores
    The memory store forgets. The Redis store is shared by replicas.
    """


def index_of(**files: str) -> MarkdownIndex:
    return MarkdownIndex(
        section
        for name, text in files.items()
        for section in sections_of(dedent(text), path=f"{name}.md")
    )


def query(text: str, about: str = "") -> Query:
    return Query(terms=tuple(terms_of(text)), about=tuple(terms_of(about)))


def headings(index: MarkdownIndex, asked: Query) -> list[str]:
    return [hit.section.headings[-1] for hit in index.search(asked)]


def test_the_section_named_in_the_question_comes_first() -> None:
    index = index_of(guide=GUIDE)
    assert headings(index, query("How long do sessions last?"))[0] == "Sessions"
    assert headings(index, query("cancelling runs"))[0] == "Runs"
    assert headings(index, query("redis")) == ["Stores"]


def test_scores_fall() -> None:
    hits = index_of(guide=GUIDE).search(query("session keeps"))
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(score > 0 for score in scores)


def test_a_phrase_counts_for_more_than_its_words() -> None:
    index = index_of(
        a="# A\nDead wood, and a letter to write.\n", b="# B\nA dead letter is kept for ever.\n"
    )
    assert headings(index, query("dead letter")) == ["B", "A"]


def test_the_file_name_counts() -> None:
    index = index_of(other="# X\nthe daily limit\n", telegram="# Y\nthe daily limit\n")
    assert headings(index, query("telegram limit")) == ["Y"]


def test_about_narrows_and_the_question_sets_the_scene() -> None:
    index = index_of(guide=GUIDE)
    assert headings(index, query("session", about="redis")) == ["Stores"]
    assert headings(index, query("writer", about="session"))[0] == "Sessions"


def test_a_common_word_of_several_does_not_answer() -> None:
    index = index_of(guide=GUIDE)
    assert headings(index, query("redis session")) == ["Stores"]
    assert headings(index, query("redis bakery")) == ["Stores"]


def test_words_that_are_nowhere_find_nothing() -> None:
    index = index_of(guide=GUIDE)
    assert index.search(query("a bakery in Bordeaux")) == ()
    assert index.search(query("")) == ()


def test_nothing_is_found_in_nothing() -> None:
    index = MarkdownIndex(())
    assert index.search(query("session")) == ()
    assert index.documents == ()
    assert index.suggest("session") == ()


def test_sections_of_code_signs_only_do_no_harm() -> None:
    index = index_of(a="# A\n!!!\n")
    assert headings(index, query("a1")) == []


def test_words_that_look_alike_are_suggested() -> None:
    index = index_of(guide=GUIDE)
    assert index.suggest("sesion") == ("session",)
    assert index.suggest("leese") == ("lease",)
    assert index.suggest("conversatoin")[0] == "conversation"
    assert index.suggest("zzzzzz") == ()
    assert index.suggest("ab") == ()


def test_documents_have_titles() -> None:
    index = index_of(guide=GUIDE, plain="just text\n")
    assert index.documents == (("guide.md", "Guide"), ("plain.md", "plain"))


def test_equal_scores_come_in_the_order_of_the_files() -> None:
    index = index_of(a="# One\nsame words\n", b="# Two\nsame words\n")
    assert headings(index, query("words")) == ["One", "Two"]


@given(st.text(), st.text())
def test_any_question_gets_an_answer_and_always_the_same(text: str, about: str) -> None:
    index = index_of(guide=GUIDE)
    asked = query(text, about)
    assert index.search(asked) == index_of(guide=GUIDE).search(asked)


def test_what_answers_comes_before_what_says_where_to_read() -> None:
    index = index_of(
        index="""\
            # Write a target
            - [Write a target](a.md), [Write a channel](b.md)
            - [A target](c.md) and [its channel](d.md)
            """,
        targets="""\
            # Targets
            ## By hand
            A target is a function. To write one, say what it answers; see [functions](f.md).
            """,
    )
    assert headings(index, query("How do I write a target?")) == ["By hand", "Write a target"]
