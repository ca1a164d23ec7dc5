"""The target that a URL names, described by its card before anything is served."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from agent_host.errors import ConfigurationError, TargetError
from agent_host.settings.remote_a2a import RemoteA2ASettings


def discover_target(url: str, settings: RemoteA2ASettings) -> object:
    """The agent at `url`; waits for its card.

    Raises:
        ConfigurationError: there is no card, or it leads nowhere that we can speak to.
        MissingExtraError: the extra `a2a` is not installed.
    """
    # Loads an HTTP client, which nobody pays for who hosts something else.
    from agent_host.agents.remote_a2a import RemoteA2AAgent, RemoteA2AOptions  # noqa: PLC0415

    options = RemoteA2AOptions(**cast("dict[str, Any]", settings.to_options()))
    # A thread of its own: a server may load the application inside its loop.
    with ThreadPoolExecutor(max_workers=1) as pool:
        found = pool.submit(asyncio.run, RemoteA2AAgent.discover(url, options))
        try:
            return found.result()
        except TargetError as error:
            message = f"The target {url} cannot be hosted: {error}"
            raise ConfigurationError(message) from error


__all__ = ["discover_target"]
