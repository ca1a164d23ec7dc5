"""Webhooks: whoever can post a signed request talks to the agent."""

from agent_host_webhook.channel import WebhookChannel
from agent_host_webhook.config import EndpointConfig, HmacConfig, MappingConfig, WebhookConfig

__all__ = ["EndpointConfig", "HmacConfig", "MappingConfig", "WebhookChannel", "WebhookConfig"]
