"""Finds the channels that can push, when a host is built."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from agent_host.errors import ConfigurationError
from agent_host.protocols.channel import Channel
from agent_host.protocols.push import ChannelPush

_MEMBERS: Final = ("codec", "is_idempotent", "push", "rate")


def push_channels(channels: Sequence[Channel]) -> Mapping[str, ChannelPush]:
    """What channels offer as `push`, by channel name.

    Raises:
        ConfigurationError: it is no `ChannelPush`, or has no codec, or a rate that allows nothing.
    """
    found: dict[str, ChannelPush] = {}
    for channel in channels:
        offered: Any = getattr(channel, "push", None)
        if offered is not None:
            found[channel.name] = _checked(channel.name, offered)
    return found


def _checked(name: str, offered: object) -> ChannelPush:
    missing = [member for member in _MEMBERS if not hasattr(offered, member)]
    if missing:
        raise ConfigurationError(
            f"The push of channel {name!r} has no {', '.join(missing)}; see ChannelPush."
        )
    push = cast("ChannelPush", offered)
    if push.codec is None:
        raise ConfigurationError(
            f"Channel {name!r} can push and has no codec: deliveries are stored as JSON, so that "
            "they outlive the process. Give its push a PushCodec."
        )
    rate = push.rate
    if rate is not None and (
        min(rate.per_account, rate.per_conversation) < 1 or not rate.period.total_seconds() > 0
    ):
        raise ConfigurationError(f"The rate of channel {name!r} allows nothing at all.")
    return push


__all__ = ["push_channels"]
