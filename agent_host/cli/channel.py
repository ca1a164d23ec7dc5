"""`agent-host channels`: what is installed, what is mounted, and the routes of it."""

import argparse
from collections.abc import Iterator

from pydantic import BaseModel

from agent_host.app import AgentHost
from agent_host.cli.source import load
from agent_host.cli.table import format_table
from agent_host.errors import ConfigurationError
from agent_host.protocols.channel import Channel
from agent_host.protocols.host_context import HostContext
from agent_host.registry import channel_names, load_channel


async def _unasked(text: str) -> str:
    """Stands for the target, which a list of routes does not need."""
    return text


def execute(arguments: argparse.Namespace) -> int:
    """Print the list. The target is not loaded.

    Raises:
        ConfigurationError: something that is set is wrong.
    """
    mounted = load(arguments).channels
    context = AgentHost(_unasked).context
    for name in channel_names():
        if name in mounted:
            print(f"{name}: mounted")
            print(format_table(_routes(name, mounted[name], context), indent="  "))
        else:
            print(f"{name}: {_state(name)}")
    return 0


def _state(name: str) -> str:
    try:
        load_channel(name)
    except ConfigurationError as error:
        return str(error)
    return f"installed, not mounted; to mount it, add [channels.{name}] to the configuration"


def _routes(name: str, config: BaseModel, context: HostContext) -> Iterator[tuple[str, str, str]]:
    channel: Channel = load_channel(name)(config)
    for found in channel.routes(context):
        methods: set[str] = getattr(found.route, "methods", None) or {"websocket"}
        yield " ".join(sorted(methods - {"HEAD"})), found.route.path, found.access.value


__all__ = ["execute"]
