"""What channels want to be reached by: their names, their paths, and who reaches them."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol

from agent_host.errors import ConfigurationError
from agent_host.protocols.channel import Channel, ChannelRoute, RouteAccess
from agent_host.protocols.host_context import HostContext


class CheckChannels(Protocol):
    """Refuses rules about channels that are not there, or that nobody could fulfil there."""

    def __call__(
        self, *, caller_channels: Collection[str], signed_channels: Collection[str]
    ) -> None:
        """Return if all is well.

        Raises:
            ConfigurationError: it is not.
        """
        ...


CHANNEL_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


def check_names(names: Sequence[str]) -> None:
    """Each channel has a name of its own.

    Raises:
        ConfigurationError: two have one, or it is none.
    """
    for name, count in Counter(names).items():
        if count > 1:
            raise ConfigurationError(f"Two channels are called {name!r}; rename one.")
        if not CHANNEL_NAME.fullmatch(name):
            raise ConfigurationError(f"A channel cannot be called {name!r}: use [a-z0-9_].")


def check_paths(routes: Sequence[ChannelRoute]) -> None:
    """Each path is wanted once.

    Raises:
        ConfigurationError: one is wanted twice.
    """
    taken: set[tuple[str, str]] = set()
    for route in routes:
        methods: set[str] = getattr(route.route, "methods", None) or {"websocket"}
        for place in {(method, route.route.path) for method in methods}:
            if place in taken:
                raise ConfigurationError(
                    f"{' '.join(place)} is wanted twice; set another path for one of the channels."
                )
            taken.add(place)


def channel_routes(
    channels: Sequence[Channel], context: HostContext, *, check: CheckChannels
) -> list[ChannelRoute]:
    """All that channels want. `check` is told which of them take whom.

    Raises:
        ConfigurationError: two channels have one name, or one has none; or what `check` raises.
    """
    check_names([channel.name for channel in channels])
    mounted = {channel.name: channel.routes(context) for channel in channels}
    check(
        caller_channels=_with_access(mounted, RouteAccess.CALLER),
        signed_channels=_with_access(mounted, RouteAccess.SIGNED),
    )
    return [route for own in mounted.values() for route in own]


def _with_access(
    routes: Mapping[str, Sequence[ChannelRoute]], access: RouteAccess
) -> frozenset[str]:
    """The channels that have a route for such as these."""
    return frozenset(
        name for name, own in routes.items() if any(route.access is access for route in own)
    )


__all__ = ["CHANNEL_NAME", "CheckChannels", "channel_routes", "check_names", "check_paths"]
