"""Pairing as settings."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from agent_host.settings import PairingSettings
from agent_host.types.pairing import PairingPolicy


def test_without_a_channel_there_is_none() -> None:
    assert PairingSettings().to_policy() is None


def test_what_is_set_is_what_the_host_takes() -> None:
    given = PairingSettings.model_validate({"channels": ["telegram"], "time_to_live": "10m"})
    expected = PairingPolicy(channels=("telegram",), time_to_live=timedelta(minutes=10))
    assert given.to_policy() == expected


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(ValidationError):
        PairingSettings.model_validate({"pending_limit": 0})
