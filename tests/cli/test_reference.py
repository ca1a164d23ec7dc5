"""The two documents that are made of the options."""

import tomllib

from pydantic import BaseModel, Field, SecretStr

from agent_host.cli.reference import render_markdown, render_toml, section_titles
from agent_host.settings import list_options


class Queue(BaseModel):
    limit: int = Field(default=3, description="How many | at most.")


class ChatConfig(BaseModel):
    """A chat
    platform.
    """

    queue: Queue = Queue()
    token: SecretStr = Field(description="The bot's token.")


CONFIGS: dict[str, type[BaseModel]] = {"chat": ChatConfig}
OPTIONS = list_options(CONFIGS)
TITLES = section_titles(CONFIGS)


def test_a_channel_that_is_not_mounted_by_default_is_commented_out() -> None:
    text = render_toml(OPTIONS, titles=TITLES, mounted=["rest"])
    assert "\n# A chat platform.\n#[channels.chat]\n" in text
    assert "\n#[channels.chat.queue]\n" in text
    assert "channels" not in tomllib.loads(text)


def test_a_channel_that_is_mounted_by_default_has_its_table() -> None:
    text = render_toml(OPTIONS, titles=TITLES, mounted=["chat"])
    assert tomllib.loads(text)["channels"] == {"chat": {"queue": {}}}


def test_a_table_stands_once_though_another_stands_in_it() -> None:
    text = render_toml(OPTIONS, titles=TITLES, mounted=["chat"])
    assert text.count("[channels.chat]") == 1


def test_a_required_option_says_so() -> None:
    text = render_toml(OPTIONS, titles=TITLES, mounted=["chat"])
    assert "# The bot's token.\n# Text; required.\n#token =\n" in text
    page = render_markdown(OPTIONS, titles=TITLES)
    assert "| `token`<br>`AGENT_HOST_CHANNELS__CHAT__TOKEN` | text | required |" in page


def test_the_page_has_a_table_per_section_and_its_cells_hold() -> None:
    page = render_markdown(OPTIONS, titles=TITLES)
    assert "## `[channels.chat]`\n\nA chat platform.\n" in page
    assert "How many \\| at most." in page
    assert "`AGENT_HOST_CONFIG`" in page
