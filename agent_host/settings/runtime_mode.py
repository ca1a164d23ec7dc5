"""Whether the process lives on between requests, and what may not be hosted where it does not."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from agent_host.errors import ConfigurationError


class RuntimeMode(StrEnum):
    """`ephemeral`: the platform may freeze or end the process as soon as a request is answered."""

    LONG_RUNNING = "long_running"
    EPHEMERAL = "ephemeral"


EPHEMERAL_MARKERS: Final = (
    "FOUNDRY_HOSTING_ENVIRONMENT",
    "AZURE_FUNCTIONS_ENVIRONMENT",
    "AWS_LAMBDA_FUNCTION_NAME",
)
"""Variables that ephemeral platforms set. Any of them, with a value, is enough."""


def detect_runtime_mode(environ: Mapping[str, str]) -> RuntimeMode:
    """The mode that the environment speaks of."""
    if any(environ.get(marker) for marker in EPHEMERAL_MARKERS):
        return RuntimeMode.EPHEMERAL
    return RuntimeMode.LONG_RUNNING


def refuse_lost_work(
    mode: RuntimeMode, *, runner_survives: bool, store_survives: bool, allowed: bool
) -> None:
    """Return if accepted work outlives the process, or need not.

    Args:
        mode: the mode in effect, as set or detected.
        runner_survives: whether another process picks up what this one leaves.
        store_survives: whether another process can read what this one stored.
        allowed: the setting `allow_in_process_runner`.

    Raises:
        ConfigurationError: the process may end at any time and would lose work.
    """
    if mode is RuntimeMode.LONG_RUNNING or allowed or (runner_survives and store_survives):
        return
    lost = "store" if not store_survives else "runner"
    message = (
        f"runtime_mode is ephemeral and the {lost} lives in this process only: background runs "
        "and sessions would be lost when the platform ends it. Set `store` to one that several "
        "processes share, or set `allow_in_process_runner = true` to accept the loss, or "
        '`runtime_mode = "long_running"` if the process does live on.'
    )
    raise ConfigurationError(message)


__all__ = ["EPHEMERAL_MARKERS", "RuntimeMode", "detect_runtime_mode", "refuse_lost_work"]
