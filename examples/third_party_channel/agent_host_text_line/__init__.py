"""Text lines: a text gateway's signed messages, and a websocket for callers."""

from agent_host_text_line.channel import TextLineChannel
from agent_host_text_line.config import TextLineConfig

__all__ = ["TextLineChannel", "TextLineConfig"]
