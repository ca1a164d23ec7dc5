"""Webhooks: signed requests to the agent, and signed events about its runs."""

from agent_host_webhook.channel import WebhookChannel
from agent_host_webhook.config import (
    EndpointConfig,
    HmacConfig,
    MappingConfig,
    SubscriberConfig,
    WebhookConfig,
)

__all__ = [
    "EndpointConfig",
    "HmacConfig",
    "MappingConfig",
    "SubscriberConfig",
    "WebhookChannel",
    "WebhookConfig",
]
