"""A channel's table becomes the channel's own config."""

from datetime import timedelta

import pytest
from pydantic import BaseModel, SecretStr

from agent_host.errors import ConfigurationError
from agent_host.settings import ChannelSettings, parse_channel


class Retry(BaseModel):
    pause: timedelta = timedelta(seconds=1)


class ChatConfig(BaseModel):
    token: SecretStr
    poll_interval: timedelta = timedelta(seconds=5)
    retry: Retry = Retry()


def table(**options: object) -> ChannelSettings:
    return ChannelSettings.model_validate(options)


def test_units_are_read_at_every_depth() -> None:
    settings = table(token="t", poll_interval="1m", retry={"pause": "2s"})
    config = parse_channel("chat", settings, ChatConfig)
    assert config.poll_interval == timedelta(minutes=1)
    assert config.retry.pause == timedelta(seconds=2)


def test_reading_changes_nothing_in_the_settings() -> None:
    settings = table(token="t", retry={"pause": "2s"})
    parse_channel("chat", settings, ChatConfig)
    assert settings.options["retry"] == {"pause": "2s"}


def test_an_unknown_option_is_refused_though_the_model_would_take_it() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_channel("chat", table(token="t", tokn="s3cret"), ChatConfig)
    assert str(caught.value) == (
        "channels.chat.tokn: there is no such setting. Did you mean channels.chat.token?"
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "channels.chat.token: is required and not set."),
        ({"token": "t", "poll_interval": "soon"}, "channels.chat.poll_interval: expected a dura"),
        ({"token": "t", "retry": 3}, "channels.chat.retry: "),
        ({"token": 3}, "channels.chat.token: this is not a valid value"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(options: dict[str, object], expected: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_channel("chat", table(**options), ChatConfig)
    assert expected in str(caught.value)
