"""REST: the host's own protocol, plain HTTP and JSON with server-sent events."""

from agent_host_rest.channel import RestChannel
from agent_host_rest.config import RestConfig

__all__ = ["RestChannel", "RestConfig"]
