"""An agent elsewhere as the target: called over A2A, found by its card."""

from agent_host.agents.remote_a2a.agent import RemoteA2AAgent
from agent_host.agents.remote_a2a.option import RemoteA2AOptions

__all__ = ["RemoteA2AAgent", "RemoteA2AOptions"]
