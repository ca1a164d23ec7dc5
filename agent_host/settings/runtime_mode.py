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

ISOLATING_MARKERS: Final = ("FOUNDRY_HOSTING_ENVIRONMENT",)
"""Variables of platforms that set the isolation headers on every request, and through whose door
alone requests come.
"""


def detect_isolation(environ: Mapping[str, str]) -> bool:
    """Whether the platform says of every request which person and chat it is of."""
    return any(environ.get(marker) for marker in ISOLATING_MARKERS)


def detect_runtime_mode(environ: Mapping[str, str]) -> RuntimeMode:
    """The mode that the environment speaks of."""
    if any(environ.get(marker) for marker in EPHEMERAL_MARKERS):
        return RuntimeMode.EPHEMERAL
    return RuntimeMode.LONG_RUNNING


def refuse_lost_work(
    mode: RuntimeMode, *, runner_survives: bool, store_survives: bool, allowed: bool
) -> None:
    """Return if accepted work outlives the process, or need not.

    A file on a local disk does not survive where the platform takes the machine along, so to
    survive is to be shared.

    Args:
        mode: the mode in effect, as set or detected.
        runner_survives: whether another process, on another machine, picks up what this one leaves.
        store_survives: whether another process, on another machine, can read what this one stored.
        allowed: the setting `allow_in_process_runner`.

    Raises:
        ConfigurationError: the process may end at any time and would lose work.
    """
    if mode is RuntimeMode.LONG_RUNNING or allowed or (runner_survives and store_survives):
        return
    lost = "store" if not store_survives else "runner"
    message = (
        f"runtime_mode is ephemeral and the {lost} lives on this machine only: background runs "
        "and sessions would be lost when the platform ends it. Set `store` to one that several "
        "machines share; or set `allow_in_process_runner = true` if its disk outlives the process "
        'or the loss is acceptable, or `runtime_mode = "long_running"` if the process lives on.'
    )
    raise ConfigurationError(message)


__all__ = [
    "EPHEMERAL_MARKERS",
    "ISOLATING_MARKERS",
    "RuntimeMode",
    "detect_isolation",
    "detect_runtime_mode",
    "refuse_lost_work",
]
