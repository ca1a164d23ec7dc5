"""The channels: do they fit together, and what is asked of those who call?"""

from collections.abc import Iterator

from agent_host.app import AgentHost
from agent_host.doctor.finding import Finding, ok, problem, warning
from agent_host.doctor.situation import Situation
from agent_host.errors import ConfigurationError
from agent_host.registry import load_channel


async def _unasked(text: str) -> str:
    """Stands for the target, which routes do not need."""
    return text


def mounted_host(situation: Situation) -> AgentHost:
    """A host with the channels that are set, to look at its routes; it is never started.

    Raises:
        ConfigurationError: they do not fit together, or one refuses its config.
    """
    mounted = situation.loaded.channels
    channels = [load_channel(name)(config) for name, config in mounted.items()]
    return AgentHost(_unasked, channels=channels)


def check_channels(situation: Situation) -> Iterator[Finding]:
    """Can they be mounted, with names and paths of their own and all their secrets?"""
    try:
        mounted_host(situation)
    except ConfigurationError as error:
        yield problem(str(error), "Change or disable one of the tables [channels.NAME].")
        return
    names = ", ".join(sorted(situation.loaded.channels))
    if names:
        yield ok(f"Mounted: {names}. Their names and paths are unique.")
    else:
        yield warning("No channel is mounted.", "Add a table such as [channels.rest].")


__all__ = ["check_channels", "mounted_host"]
