"""The table `outbound`, as far as the client that is made of it."""

from pathlib import Path

import pytest

from agent_host.errors import ConfigurationError
from agent_host.outbound.place import Place
from agent_host.outbound.policy import OutboundPolicy
from agent_host.settings.outbound import OutboundSettings


def test_without_a_word_it_is_https_to_the_usual_port() -> None:
    assert OutboundSettings().to_policy() == OutboundPolicy()


def test_what_is_set_is_allowed() -> None:
    settings = OutboundSettings(
        allow=("hooks.internal:8443", "http://127.0.0.1:9000"),
        ports=(443, 8443),
        ca_file=Path("ca.pem"),
    )
    assert settings.to_policy() == OutboundPolicy(
        allow=frozenset(
            {
                Place(scheme="https", host="hooks.internal", port=8443),
                Place(scheme="http", host="127.0.0.1", port=9000),
            }
        ),
        ports=frozenset({443, 8443}),
        ca_file=Path("ca.pem"),
    )


def test_an_entry_that_is_no_place_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"outbound\.allow: 'a/b'"):
        OutboundSettings(allow=("a/b",)).to_policy()
