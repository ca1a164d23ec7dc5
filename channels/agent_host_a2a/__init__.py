"""A2A: the Agent2Agent protocol, so that other agents call the target."""

from agent_host_a2a.channel import A2AChannel
from agent_host_a2a.config import A2AConfig, ExtensionConfig, ProviderConfig, SkillConfig

__all__ = ["A2AChannel", "A2AConfig", "ExtensionConfig", "ProviderConfig", "SkillConfig"]
