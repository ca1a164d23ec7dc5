"""Answers are quoted and cut so that a person can read them."""

from hypothesis import given
from hypothesis import strategies as st

from agent_host.agents.answer import (
    chunks_of,
    locate,
    nothing_found,
    quote_page,
    quote_section,
    welcome,
)
from agent_host.agents.markdown_index import Hit, MarkdownIndex
from agent_host.agents.markdown_section import sections_of

NO_TERMS: frozenset[str] = frozenset()


def hits_of(*texts: str) -> list[Hit]:
    return [
        Hit(section=section, score=1.5)
        for number, text in enumerate(texts)
        for section in sections_of(text, path=f"{number}.md")
    ]


def test_the_paragraph_that_answers_is_quoted_with_its_line() -> None:
    filler = "Filler here.\n\n" + "Nothing to see. " * 30
    hits = hits_of(f"# Title\n\n{filler}\n\nThe lease expires.\n\n{filler}")
    answer = quote_page(hits, terms=frozenset({"leas", "expir"}), page=0)
    assert answer.text.startswith("The lease expires.")
    assert "— [1] 0.md \u203a Title (line 7)" in answer.text
    assert answer.value["citations"] == [
        {"path": "0.md", "heading": "Title", "line": 7, "score": 1.5}
    ]


def test_a_text_without_headings_is_cited_by_its_file() -> None:
    answer = quote_page(hits_of("Just text."), terms=NO_TERMS, page=0)
    assert "— [1] 0.md (line 1)" in answer.text
    assert "“show it in full”" in answer.text


def test_code_is_quoted_with_the_words_before_it() -> None:
    hits = hits_of("# Run\n\nStart it like this:\n\n```sh\nmake run\n```\n\n" + "x " * 900)
    by_code = quote_page(hits, terms=frozenset({"make"}), page=0)
    by_words = quote_page(hits, terms=frozenset({"start"}), page=0)
    for answer in (by_code, by_words):
        assert answer.text.startswith("Start it like this:\n\n```sh\nmake run\n```\n\n— [1]")


def test_only_the_points_of_a_list_that_answer_are_quoted() -> None:
    hits = hits_of("- alpha one\n- beta two\n- beta three\n- gamma four\n- beta five\n")
    answer = quote_page(hits, terms=frozenset({"beta"}), page=0)
    assert answer.text.startswith("- beta two\n- beta three\n\n— [1]")


def test_pages_go_on_counting_until_there_are_no_more() -> None:
    hits = hits_of("a", "b", "c", "d")
    first = quote_page(hits, terms=NO_TERMS, page=0)
    assert "(1 left)" in first.text
    second = quote_page(hits, terms=NO_TERMS, page=1)
    assert "— [4] 3.md" in second.text
    assert "left" not in second.text
    assert (
        quote_page(hits, terms=NO_TERMS, page=2).text == "That was all: I found 4 passages on this."
    )


def test_a_long_section_is_cut_and_the_rest_offered() -> None:
    hits = hits_of("# Long\n\n" + "\n\n".join("word " * 40 for _ in range(20)))
    cut = quote_section(hits, number=1, whole=False)
    assert "…\n\n— [1]" in cut.text
    assert cut.text.endswith("Say “in full” for the rest.")
    whole = quote_section(hits, number=1, whole=True)
    assert "…" not in whole.text
    assert len(whole.text) > len(cut.text)


def test_an_endless_section_is_cut_even_in_full() -> None:
    answer = quote_section(hits_of("x" * 50_000), number=1, whole=True)
    assert len(answer.text) < 25_000
    assert answer.text.endswith("The rest is in 0.md.")


def test_a_cut_inside_code_closes_the_fence() -> None:
    answer = quote_section(hits_of("```\n" + "code line\n" * 500 + "```\n"), number=1, whole=False)
    quoted = answer.text.split("— [1]")[0]
    assert quoted.count("```") == 2


def test_a_passage_that_is_not_there_is_told() -> None:
    assert "only 1 passage" in quote_section(hits_of("a"), number=2, whole=False).text
    assert "only 2 passages" in quote_section(hits_of("a", "b"), number=9, whole=False).text


def test_places_are_listed() -> None:
    answer = locate(hits_of("a", "b"), terms=NO_TERMS, numbers=[1, 2, 3])
    assert answer.text.splitlines()[2:] == ["- [1] 0.md (line 1)", "- [2] 1.md (line 1)"]
    assert [citation.number for citation in answer.citations] == [1, 2]


def test_nothing_found_repeats_no_markup() -> None:
    index = MarkdownIndex(sections_of("# T\nsession\n", path="a.md"))
    answer = nothing_found(index, "<script>@everyone</script> [x](https://evil.example)")
    assert not set("<>@[]/") & set(answer.text.split("The documents")[0])


def test_many_topics_are_cut_and_counted() -> None:
    sections = [
        section for number in range(12) for section in sections_of("text", path=f"{number:02}.md")
    ]
    text = welcome(MarkdownIndex(sections), greeting=False).text
    assert "from 12 Markdown documents" in text
    assert text.endswith("- and 4 others")


def test_an_empty_folder_is_told() -> None:
    text = welcome(MarkdownIndex(()), greeting=True).text
    assert text.startswith("Hello!")
    assert "There are no documents in the folder yet." in text


@given(st.text())
def test_chunks_are_the_text(text: str) -> None:
    assert "".join(chunks_of(text)) == text


def test_chunks_end_between_words() -> None:
    text = "The quick brown fox jumps over the lazy dog and then it sleeps.\n\n- done"
    chunks = list(chunks_of(text))
    assert len(chunks) > 3
    assert all(chunk[-1].isspace() for chunk in chunks[:-1])
