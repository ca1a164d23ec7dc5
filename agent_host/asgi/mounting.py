"""What may be mounted together: channels with own names, routes with own paths."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from agent_host.errors import ConfigurationError
from agent_host.protocols.channel import Channel, ChannelRoute

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


def check_names(channels: Sequence[Channel]) -> None:
    """Refuse channels that cannot be told apart.

    Raises:
        ConfigurationError: two have one name, or one has a name that is none.
    """
    for name, count in Counter(channel.name for channel in channels).items():
        if count > 1:
            raise ConfigurationError(f"Two channels are called {name!r}; rename one.")
        if not _NAME.fullmatch(name):
            raise ConfigurationError(f"A channel cannot be called {name!r}: use [a-z0-9_].")


def check_paths(routes: Sequence[ChannelRoute]) -> None:
    """Refuse routes of which one would hide another.

    Raises:
        ConfigurationError: two want the same method of the same path.
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


__all__ = ["check_names", "check_paths"]
