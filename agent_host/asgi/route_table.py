"""What all routes of a host are together, and the names of the channels that they are of."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from agent_host.errors import ConfigurationError
from agent_host.protocols.channel import ChannelRoute

CHANNEL_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


def check_names(names: Sequence[str]) -> None:
    """Refuse channels that could not be told apart.

    Raises:
        ConfigurationError: two have one name, or one has a name that is none.
    """
    for name, count in Counter(names).items():
        if count > 1:
            raise ConfigurationError(f"Two channels are called {name!r}; rename one.")
        if not CHANNEL_NAME.fullmatch(name):
            raise ConfigurationError(f"A channel cannot be called {name!r}: use [a-z0-9_].")


def check_paths(routes: Sequence[ChannelRoute]) -> None:
    """Refuse routes of which one would hide another.

    Raises:
        ConfigurationError: two of one method have the same path.
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


__all__ = ["CHANNEL_NAME", "check_names", "check_paths"]
