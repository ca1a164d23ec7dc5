"""Put one agent or workflow, from any framework, on every surface people use.

`AgentHost` is the front door for programs, `Command` what an app answers itself; `agent_host.types`
are the values they speak in. They are imported when they are first asked for, so that a channel
which needs only the values stays light.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent_host.app import AgentHost
    from agent_host.protocols.command import Command


def __getattr__(name: str) -> object:
    if name == "AgentHost":
        from agent_host.app import AgentHost  # noqa: PLC0415 - see above

        return AgentHost
    if name == "Command":
        from agent_host.protocols.command import Command  # noqa: PLC0415 - see above

        return Command
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["AgentHost", "Command"]
