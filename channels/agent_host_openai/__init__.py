"""OpenAI's HTTP APIs, Responses and Chat Completions, in front of whatever is hosted."""

from agent_host_openai.channel import OpenAIChannel
from agent_host_openai.config import OpenAIConfig

__all__ = ["OpenAIChannel", "OpenAIConfig"]
