"""What `agent-host run` says once it listens: what is hosted, where, and a line to try it with.

Knows no channel; it knows a few paths by which people look for one.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from starlette.routing import BaseRoute, Route, WebSocketRoute

from agent_host.asgi.guard import access_of
from agent_host.cli.table import format_table
from agent_host.protocols.channel import RouteAccess
from agent_host.types.target import TargetDescription

_INVOKE: Final = "/invocations"
_READ: Final = {"/docs": "docs page", "/.well-known/agent-card.json": "agent card"}
_OPENAI: Final = ("/chat/completions", "OpenAI base URL")
"""Its clients are given what stands before the paths."""


def render_banner(
    url: str, *, target: TargetDescription, routes: Sequence[BaseRoute], needs_proof: bool = False
) -> str:
    """The text. Of the routes it shows where something can be sent and where it can be read up;
    what lies under a path that is shown already is left out.

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
    shown = [base for base in map(_openai_base, routes) if base is not None]
    for route in routes:
        if access_of(route) is RouteAccess.ADMIN:
            continue  # `agent-host runs` and `agent-host tasks` show these
        if isinstance(route, Route) and "{" not in route.path:
            read = next((what for end, what in _READ.items() if route.path.endswith(end)), None)
            base = _openai_base(route)
            if base is not None:
                yield _OPENAI[1], base
            elif read is not None:
                yield read, route.path
            elif "POST" in (route.methods or ()) and not _is_under(shown, route.path):
                shown.append(route.path)
                yield "POST", route.path
        elif isinstance(route, WebSocketRoute) and "{" not in route.path:
            yield "websocket", route.path


def _openai_base(route: BaseRoute) -> str | None:
    path = route.path if isinstance(route, Route) else ""
    return path.removesuffix(_OPENAI[0]) if path.endswith(_OPENAI[0]) else None


def _is_under(shown: Sequence[str], path: str) -> bool:
    return any(base and path.startswith(f"{base}/") for base in shown)


__all__ = ["render_banner"]
