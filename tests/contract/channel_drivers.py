"""Drivers for the contract suite: one for each channel we ship, others through entry points."""

from collections.abc import Mapping
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Final, cast

from agent_host.testing.channel_driver import DRIVER_GROUP, ChannelDriver
from tests.contract.a2a_driver import A2ADriver
from tests.contract.openai_driver import OpenAIDriver
from tests.contract.rest_driver import RestDriver
from tests.contract.webhook_driver import WebhookDriver

SHIPPED: Final[Mapping[str, type[ChannelDriver]]] = MappingProxyType(
    {"a2a": A2ADriver, "openai": OpenAIDriver, "rest": RestDriver, "webhook": WebhookDriver}
)


def channel_driver(name: str) -> ChannelDriver:
    """The driver of an installed channel. A channel nobody can drive is a failure, not a skip."""
    if name in SHIPPED:
        return SHIPPED[name]()
    (offered,) = entry_points(group=DRIVER_GROUP, name=name)
    return cast("type[ChannelDriver]", offered.load())()


__all__ = ["channel_driver"]
