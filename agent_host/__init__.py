"""Put one agent or workflow, from any framework, on every surface people use.

`AgentHost` is the front door for programs; `agent_host.types` are the values it speaks in. It is
imported when it is first asked for, so that a channel which needs only the values stays light.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent_host.app import AgentHost


def __getattr__(name: str) -> object:
    if name == "AgentHost":
        from agent_host.app import AgentHost  # noqa: PLC0415 - see above

        return AgentHost
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["AgentHost"]
