"""Two routes cannot have one place."""

from collections.abc import Sequence

from agent_host.errors import ConfigurationError
from agent_host.protocols.channel import ChannelRoute


def check_paths(routes: Sequence[ChannelRoute]) -> None:
    """Refuse a path that is wanted twice.

    Raises:
        ConfigurationError: one is; the text names it.
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


__all__ = ["check_paths"]
