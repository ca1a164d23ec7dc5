"""Markdown is cut at its headings, and no line of prose is lost or misplaced."""

from textwrap import dedent

from hypothesis import given
from hypothesis import strategies as st

from agent_host.agents.markdown_section import Section, sections_of


def parse(text: str) -> tuple[Section, ...]:
    return sections_of(dedent(text), path="guide.md")


def test_headings_make_a_trail() -> None:
    sections = parse("""\
        # Guide
        Intro.
        ## Install
        With pip.
        ### From `source` ##
        Clone it.
        ## Run
        Start it.
        """)
    assert [(section.heading, section.line, section.text) for section in sections] == [
        ("Guide", 1, "Intro."),
        ("Guide \u203a Install", 3, "With pip."),
        ("Guide \u203a Install \u203a From source", 5, "Clone it."),
        ("Guide \u203a Run", 7, "Start it."),
    ]


def test_text_before_the_first_heading_has_none() -> None:
    (section,) = parse("Hello.\n")
    assert section.headings == ()
    assert section.heading == ""
    assert section.line == 1


def test_a_heading_without_text_is_no_section_but_stays_in_the_trail() -> None:
    (section,) = parse("# Guide\n## Empty\n## Full\ntext\n")
    assert section.heading == "Guide \u203a Full"


def test_hashes_in_code_are_not_headings() -> None:
    (section,) = parse("""\
        # Shell
        Do this:
        ```sh
        # not a heading

        make run
        ```
        ~~~
        # nor this
        ```
        ~~~
        Done.
        """)
    assert [block.line for block in section.blocks] == [2, 3, 8, 12]
    assert [block.is_code for block in section.blocks] == [False, True, True, False]
    assert "# not a heading\n\nmake run" in section.text


def test_a_fence_that_is_never_closed_runs_to_the_end() -> None:
    (section,) = parse("text\n\n```\n# inside\n")
    assert section.blocks[1].text == "```\n# inside"


def test_code_on_one_line_opens_no_fence() -> None:
    first, second = parse("```inline``` code\n\n# Heading\n\ntext\n")
    assert first.text == "```inline``` code"
    assert second.heading == "Heading"


def test_underlined_headings() -> None:
    first, second = parse("""\
        The *first*
        one
        ===
        a

        Second
        ---
        b
        """)
    assert (first.headings, first.line) == (("The first one",), 1)
    assert (second.headings, second.line) == (("The first one", "Second"), 6)


def test_a_rule_under_a_list_or_alone_is_no_heading() -> None:
    (section,) = parse("- point\n---\n\nafter\n\n---\n\n***\n\nend\n")
    assert section.headings == ()
    assert [block.text for block in section.blocks] == ["- point\n---", "after", "end"]


def test_front_matter_is_skipped_and_lines_still_count() -> None:
    (section,) = parse("---\ntitle: x\n---\n# Real\ntext\n")
    assert section.heading == "Real"
    assert section.line == 4
    (toml,) = parse("+++\ntitle = 'x'\n+++\ntext\n")
    assert toml.text == "text"


def test_a_rule_at_the_top_is_not_front_matter() -> None:
    (section,) = parse("---\n\ntext\n")
    assert section.text == "text"


def test_list_items_are_quoted_one_by_one() -> None:
    (section,) = parse("""\
        Do:
        1. first
           more of it
        2. second

        - third
        """)
    assert [block.text for block in section.blocks] == [
        "Do:",
        "1. first\n   more of it",
        "2. second",
        "- third",
    ]
    assert section.text == "Do:\n1. first\n   more of it\n2. second\n\n- third"
    assert [block.is_item for block in section.blocks] == [False, True, True, True]


def test_links_and_marks_leave_headings_plain() -> None:
    (section,) = parse("# The `run` **engine** of [us](https://x.example) in snake_case\ntext\n")
    assert section.heading == "The run engine of us in snake_case"


def test_comments_are_not_quoted() -> None:
    assert parse("<!-- markdownlint-disable\n MD041 -->\n") == ()


def test_an_empty_heading_closes_its_equals() -> None:
    (section,) = parse("# A\n#\ntext\n")
    assert section.headings == ()


def test_a_byte_order_mark_hides_no_heading() -> None:
    (section,) = parse("\ufeff# Title\ntext\n")
    assert section.heading == "Title"


prose = st.text(alphabet="abc #`~-=*>1.\n\t\u2028é", max_size=200)


@given(prose)
def test_every_line_lands_where_it_says(text: str) -> None:
    lines = text.splitlines()
    for section in sections_of(text, path="x.md"):
        assert section.blocks
        for block in section.blocks:
            found = lines[block.line - 1 : block.end - 1]
            assert "\n".join(found).rstrip() == block.text


@given(st.lists(st.text(alphabet="abc ", min_size=1).filter(str.strip), min_size=1))
def test_no_prose_is_lost(paragraphs: list[str]) -> None:
    sections = sections_of("\n\n".join(paragraphs), path="x.md")
    said = "".join(section.text for section in sections).split()
    assert said == "\n".join(paragraphs).split()
