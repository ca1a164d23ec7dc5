"""Platforms that end the process at will are detected, and lost work refused there."""

import pytest

from agent_host.errors import ConfigurationError
from agent_host.settings import (
    RuntimeMode,
    detect_isolation,
    detect_runtime_mode,
    refuse_lost_work,
)


@pytest.mark.parametrize(
    "marker",
    ["FOUNDRY_HOSTING_ENVIRONMENT", "AZURE_FUNCTIONS_ENVIRONMENT", "AWS_LAMBDA_FUNCTION_NAME"],
)
def test_a_platform_that_freezes_processes_is_detected(marker: str) -> None:
    assert detect_runtime_mode({marker: "x"}) is RuntimeMode.EPHEMERAL
    assert detect_runtime_mode({marker: ""}) is RuntimeMode.LONG_RUNNING


def test_only_a_platform_that_sets_isolation_headers_is_believed_to() -> None:
    assert detect_isolation({"FOUNDRY_HOSTING_ENVIRONMENT": "x"})
    assert not detect_isolation({"FOUNDRY_HOSTING_ENVIRONMENT": ""})
    assert not detect_isolation(
        {"AZURE_FUNCTIONS_ENVIRONMENT": "x", "AWS_LAMBDA_FUNCTION_NAME": "x"}
    )


def test_any_other_place_is_long_running() -> None:
    assert detect_runtime_mode({"HOME": "/root"}) is RuntimeMode.LONG_RUNNING


@pytest.mark.parametrize(
    ("runner_survives", "store_survives", "lost"),
    [(False, False, "store"), (True, False, "store"), (False, True, "runner")],
)
def test_work_that_would_be_lost_is_refused_with_the_settings_to_change(
    *, runner_survives: bool, store_survives: bool, lost: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        refuse_lost_work(
            RuntimeMode.EPHEMERAL,
            runner_survives=runner_survives,
            store_survives=store_survives,
            allowed=False,
        )
    text = str(caught.value)
    assert f"the {lost} lives on this machine only" in text
    assert "allow_in_process_runner = true" in text


@pytest.mark.parametrize(
    ("mode", "survives", "allowed"),
    [
        (RuntimeMode.LONG_RUNNING, False, False),
        (RuntimeMode.EPHEMERAL, True, False),
        (RuntimeMode.EPHEMERAL, False, True),
    ],
)
def test_work_that_is_safe_or_may_be_lost_is_taken(
    *, mode: RuntimeMode, survives: bool, allowed: bool
) -> None:
    refuse_lost_work(mode, runner_survives=survives, store_survives=survives, allowed=allowed)
