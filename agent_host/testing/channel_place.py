"""The route table of a host, as the suites walk it: every method of every route, and who may."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from starlette.routing import BaseRoute, Route, WebSocketRoute

from agent_host.asgi.guard import access_of
from agent_host.protocols.channel import RouteAccess
from agent_host.testing.channel_driver import WEBSOCKET, SampleRequest

_PARAMETER: Final = re.compile(r"\{\w+(?::(\w+))?\}")
_MADE_UP: Final = {
    "float": "7.5",
    "int": "7",
    "path": "made/up",
    "uuid": "00000000-0000-4000-8000-000000000007",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One method of one route. `access` None says that nothing guards it."""

    method: str
    template: str
    pattern: re.Pattern[str]
    access: RouteAccess | None

    @property
    def path(self) -> str:
        """The template, filled with ids that nothing has."""
        return _PARAMETER.sub(lambda found: _MADE_UP.get(found[1], "made_up"), self.template)

    def takes(self, sample: SampleRequest) -> bool:
        """Whether the sample is for here."""
        path = sample.path.partition("?")[0]
        return sample.method == self.method and self.pattern.fullmatch(path) is not None


def places_of(routes: Iterable[BaseRoute]) -> list[Place]:
    """All that can be asked for."""
    return list(_places(routes))


def _places(routes: Iterable[BaseRoute]) -> Iterator[Place]:
    for route in routes:
        # A mounted application would hide its own routes from every check.
        assert isinstance(route, Route | WebSocketRoute), f"{route!r} is not a plain route"
        methods = {WEBSOCKET} if isinstance(route, WebSocketRoute) else route.methods
        for method in sorted(methods or ()):
            yield Place(
                method=method,
                template=route.path,
                pattern=route.path_regex,
                access=access_of(route),
            )


__all__ = ["Place", "places_of"]
