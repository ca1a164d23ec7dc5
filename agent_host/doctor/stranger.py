"""What a running host tells strangers: asked from outside, without credentials and without content.

Ids in paths are made up, so that a host that lets strangers in has nothing to give or to change.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple, cast

from starlette.routing import BaseRoute, Route, WebSocketRoute

from agent_host.asgi.guard import access_of
from agent_host.doctor.channel import mounted_host
from agent_host.doctor.finding import Finding, ok, problem, setting, skipped, warning
from agent_host.doctor.listener import Answer, Listener, Tenant
from agent_host.doctor.situation import Situation
from agent_host.errors import ConfigurationError
from agent_host.protocols.channel import RouteAccess

_PARAMETER: Final = re.compile(r"\{\w+(?::(\w+))?\}")
_MADE_UP: Final = {"float": "7.5", "int": "7", "uuid": "00000000-0000-4000-8000-000000000007"}
_REFUSED: Final = frozenset({401, 403, 429})
_BAD_HOST: Final = frozenset({400, 421})
_METHODS: Final = frozenset({"delete", "get", "patch", "post", "put"})
_OPENAPI: Final = "/openapi.json"
_OPERATOR_PATHS: Final = ("/metrics", "/admin", "/admin/", "/admin/runs", "/admin/tasks")
_NOT_THERE: Final = frozenset({404, 405})
_UNSURE: Final = 503
_TALKATIVE: Final = ("server", "x-powered-by", "x-aspnet-version", "via")
_STRANGE: Final = "doctor.invalid"
_FEW: Final = 20
"""Failed attempts from one address are counted, and there may be others behind ours."""

_NO_HOST: Final = "No host answers at the address."
_UPGRADE: Final = {
    "connection": "upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "ZG9jdG9yIGRvY3RvciBkbw==",
}


class Place(NamedTuple):
    """Something that can be asked for, with made-up ids."""

    method: str
    path: str
    is_socket: bool = False


def check_strangers(situation: Situation) -> Iterator[Finding]:
    """Is every guarded route shut, also for those with made-up credentials?"""
    listener = situation.listener
    if listener.tenant is not Tenant.HOST:
        yield skipped(_NO_HOST)
        return
    if not situation.asks_proof:
        yield skipped("Nobody has to prove who they are, so there are no strangers.")
        return
    try:
        routes = mounted_host(situation).app.routes
    except ConfigurationError:
        yield skipped("The channels do not fit together, so their routes are not known.")
        return
    places = list(dict.fromkeys([*guarded_places(routes), *_documented(listener, routes)]))
    if situation.is_public and not listener.address.startswith("127."):
        places = places[:_FEW]
    yield from _judge(listener, places)


def _judge(listener: Listener, places: list[Place]) -> Iterator[Finding]:
    answers = {place: _ask(listener, place) for place in places}
    if places:
        forged = Place("GET", next((p.path for p in places if p.method == "GET"), places[0].path))
        answers[forged] = _ask(listener, forged, {"authorization": "Bearer ah_doctor_madeup"})
    silent = [place for place, answer in answers.items() if answer is None]
    missing = [p for p, a in answers.items() if a is not None and a.status in _NOT_THERE]
    unsure = [p for p, a in answers.items() if a is not None and a.status == _UNSURE]
    letting = [
        place
        for place, answer in answers.items()
        if answer is not None and answer.status not in _REFUSED | _NOT_THERE | {_UNSURE}
    ]
    if letting:
        yield problem(
            f"Strangers are let in by {_listed(letting)}.",
            "If it runs with older settings restart it; else stop it, and report this.",
        )
    if missing or silent or unsure:
        yield warning(
            f"Of {len(answers)} questions {len(missing)} were for routes that the host has not, "
            f"{len(silent)} were not answered, and to {len(unsure)} it could not say who may.",
            "Restart the host with these settings, and check the key file and the issuer.",
        )
    elif not letting:
        yield ok(f"Strangers are refused on {len(places)} guarded routes.")


def check_host_attack(situation: Situation) -> Iterator[Finding]:
    """Is a request for another name refused by the running host?"""
    listener = situation.listener
    if listener.tenant is not Tenant.HOST:
        yield skipped(_NO_HOST)
        return
    answer = listener.ask("GET", "/healthz", headers={"host": _STRANGE})
    if answer is not None and answer.status in _BAD_HOST:
        yield ok("A request for another name is refused.")
    elif situation.asks_proof:
        yield warning(
            "A request for another name is answered.",
            f"Set {setting('server.allowed_hosts')} to the names of this host.",
        )
    else:
        yield problem(
            "A request for another name is answered, and nobody proves who they are.",
            f"Set {setting('server.allowed_hosts')} to the names of this host.",
        )


def check_origin_attack(situation: Situation) -> Iterator[Finding]:
    """Is another page's request refused by the running host?"""
    listener = situation.listener
    if listener.tenant is not Tenant.HOST:
        yield skipped(_NO_HOST)
        return
    if "*" in situation.settings.server.allowed_origins:
        yield skipped("Every page may call; see the check of origins.")
        return
    answer = listener.ask("POST", "/healthz", headers={"origin": f"https://{_STRANGE}"})
    if answer is not None and answer.status == 403:  # noqa: PLR2004
        yield ok("What another page sends is refused.")
    else:
        yield problem(
            "What another page sends is not refused.",
            f"Restart the host with these settings; see {setting('server.allowed_origins')}.",
        )


def check_operator_doors(situation: Situation) -> Iterator[Finding]:
    """Are metrics and administration shut for those without credentials?"""
    listener = situation.listener
    if listener.tenant is not Tenant.HOST:
        yield skipped(_NO_HOST)
        return
    answers = {path: listener.ask("GET", path) for path in _OPERATOR_PATHS}
    shut = _REFUSED | _NOT_THERE
    open_ones = [path for path, a in answers.items() if a is not None and a.status not in shut]
    if not open_ones:
        yield ok("Metrics and administration are shut for those without credentials.")
    elif situation.settings.access.anonymous_admin:
        yield warning(
            f"Open to whoever reaches the port: {', '.join(open_ones)}.",
            f"Remove {setting('access.anonymous_admin')}.",
        )
    else:
        yield problem(
            f"Open without credentials: {', '.join(open_ones)}.",
            "Stop the host: it is another one than these settings make, or it has a hole.",
        )


def check_headers(situation: Situation) -> Iterator[Finding]:
    """Does the host name what it is made of?"""
    listener = situation.listener
    answer = listener.ask("GET", "/healthz") if listener.tenant is Tenant.HOST else None
    if answer is None:
        yield skipped(_NO_HOST)
        return
    said = [name for name in _TALKATIVE if name in answer.headers]
    if said:
        yield warning(
            f"Answers tell what serves them: {', '.join(said)}.",
            "Let the server or proxy in front leave these headers out.",
        )
    else:
        yield ok("Answers do not tell what serves them.")


def guarded_places(routes: Iterable[BaseRoute]) -> Iterator[Place]:
    """What callers and administrators alone may ask for."""
    for route in routes:
        if access_of(route) not in {RouteAccess.CALLER, RouteAccess.ADMIN}:
            continue
        if isinstance(route, WebSocketRoute):
            yield Place("GET", _filled(route.path), is_socket=True)
        elif isinstance(route, Route):
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield Place(method, _filled(route.path))


def _documented(listener: Listener, routes: Iterable[BaseRoute]) -> Iterator[Place]:
    """What the running host's own OpenAPI documents say needs a proof."""
    paths = [r.path for r in routes if isinstance(r, Route) and r.path.endswith(_OPENAPI)]
    for path in paths:
        answer = listener.ask("GET", path, wants_body=True)
        if answer is not None and answer.status == 200:  # noqa: PLR2004
            yield from documented_places(answer.json())


def documented_places(document: object) -> Iterator[Place]:
    """The operations of an OpenAPI document that name a security scheme; none of what is none."""
    paths = _table(_table(document).get("paths"))
    for path, item in paths.items():
        for method, operation in _table(item).items():
            if method in _METHODS and _table(operation).get("security") and path.startswith("/"):
                yield Place(method.upper(), _filled(path))


def _table(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _filled(template: str) -> str:
    return _PARAMETER.sub(lambda found: _MADE_UP.get(found[1], "made_up"), template)


def _ask(listener: Listener, place: Place, headers: dict[str, str] | None = None) -> Answer | None:
    return listener.ask(
        place.method, place.path, headers=(_UPGRADE if place.is_socket else {}) | (headers or {})
    )


def _listed(places: list[Place]) -> str:
    return ", ".join(f"{place.method} {place.path}" for place in places)


__all__ = [
    "Place",
    "check_headers",
    "check_host_attack",
    "check_operator_doors",
    "check_origin_attack",
    "check_strangers",
    "documented_places",
    "guarded_places",
]
