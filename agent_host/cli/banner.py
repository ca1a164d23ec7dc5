"""What `agent-host run` says once it listens: what is hosted, where, and a line to try it with."""

from collections.abc import Iterator, Sequence
from typing import Final

from starlette.routing import BaseRoute, Route, WebSocketRoute

from agent_host.asgi.guard import access_of
from agent_host.cli.table import format_table
from agent_host.protocols.channel import RouteAccess
from agent_host.types.target import TargetDescription

_INVOKE: Final = "/invocations"
_READ: Final = ("/docs", "/agent-card.json")


def render_banner(
    url: str, *, target: TargetDescription, routes: Sequence[BaseRoute], needs_proof: bool = False
) -> str:
    """The text. Of the routes it shows where something can be sent and where it can be read up.

    Args:
        url: what the server listens on, without a slash at its end.
        target: what is hosted.
        routes: what is mounted.
        needs_proof: whether callers have to show who they are.
    """
    places = [*_places(routes)]
    lines = ["", f"{target.name} is hosted on {url}"]
    lines += [f"  {target.description}"] if target.description else []
    lines += ["", format_table(((verb, url + path) for verb, path in places), indent="  "), ""]
    invoke = next(
        (path for verb, path in places if verb == "POST" and path.endswith(_INVOKE)), None
    )
    if invoke is not None:
        lines += [
            "Try it:",
            f"  curl -N {url}{invoke} -H 'content-type: application/json' \\",
            *(["    -H 'authorization: Bearer YOUR_KEY' \\"] if needs_proof else []),
            """    -d '{"input": "What can you do?", "stream": true}'""",
            "",
        ]
    return "\n".join([*lines, "Ctrl-C stops it.", ""])


def _places(routes: Sequence[BaseRoute]) -> Iterator[tuple[str, str]]:
    for route in routes:
        if access_of(route) is RouteAccess.ADMIN:
            continue  # `agent-host runs` and `agent-host tasks` show these
        if isinstance(route, Route) and "{" not in route.path:
            if "POST" in (route.methods or ()):
                yield "POST", route.path
            elif route.path.endswith(_READ):
                yield "read", route.path
        elif isinstance(route, WebSocketRoute) and "{" not in route.path:
            yield "websocket", route.path


__all__ = ["render_banner"]
