"""Which lines are commands, and which are somebody's turn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.types import CommandLine, read_command
from agent_host.types.command import ARGUMENTS_LIMIT, COMMAND_NAME

NAMES = ("new", "link", "who_am_i2")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("/new", CommandLine(name="new")),
        ("  /NEW  ", CommandLine(name="new")),
        ("/link ABCD-EFGH", CommandLine(name="link", arguments="ABCD-EFGH")),
        ("/link\na\nb", CommandLine(name="link", arguments="a\nb")),
        ("/new@Our_Bot now", CommandLine(name="new", arguments="now")),
        ("/who_am_i2", CommandLine(name="who_am_i2")),
    ],
)
def test_a_line_is_the_command_it_names(text: str, line: CommandLine) -> None:
    assert read_command(text, NAMES, account_name="our_bot") == line


@pytest.mark.parametrize(
    "text",
    [
        "",
        "new",
        "/",
        "/newer",
        "/nobody",
        "/ new",
        "//new",
        "/new/er",
        "say /new",
        "/new@",
        "/new@another_bot",
        "/link " + "x" * (ARGUMENTS_LIMIT + 1),
    ],
)
def test_everything_else_is_for_the_target(text: str) -> None:
    assert read_command(text, NAMES, account_name="our_bot") is None


def test_without_a_name_of_ours_every_addressee_is_us() -> None:
    assert read_command("/new@whoever", NAMES) == CommandLine(name="new")


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    found = read_command(text, NAMES)
    assert found is None or found.name in NAMES


@given(st.from_regex(COMMAND_NAME, fullmatch=True), st.text(max_size=200))
def test_what_a_menu_shows_is_what_is_understood(name: str, arguments: str) -> None:
    found = read_command(f"/{name} {arguments}", [name])
    assert found == CommandLine(name=name, arguments=arguments.strip())
