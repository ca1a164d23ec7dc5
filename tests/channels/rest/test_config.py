"""Settings that make no sense are refused, and the channel takes the configured ones."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from agent_host_rest import RestChannel, RestConfig


@pytest.mark.parametrize(
    "options",
    [
        {"path_prefix": "api"},
        {"path_prefix": "/api/"},
        {"path_prefix": "/a//b"},
        {"path_prefix": "/../x"},
        {"path_prefix": "/a b"},
        {"name": "Rest"},
        {"heartbeat_interval": timedelta()},
        {"stalled_client_limit": timedelta(seconds=-1)},
        {"body_limit_bytes": 1},
        {"nesting_limit": 1000},
        {"files_limit": -1},
        {"file_limit": 1},
    ],
)
def test_nonsense_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RestConfig.model_validate(options)


def test_the_name_is_the_configured_one() -> None:
    assert RestChannel().name == "rest"
    assert RestChannel(RestConfig(name="inner")).name == "inner"


def test_prefixes_that_make_sense_are_taken() -> None:
    for prefix in ("", "/api", "/v1/agent.x", "/~me"):
        assert RestConfig(path_prefix=prefix).path_prefix == prefix
