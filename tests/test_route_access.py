"""The route table of a host with every installed channel: who may reach what, without exception."""

from agent_host import AgentHost
from agent_host.protocols.channel import RouteAccess
from agent_host.registry import channel_names
from agent_host.testing.channel_place import Place, places_of
from tests.contract.channel_drivers import channel_driver

PUBLIC = {
    "GET /",
    "GET /.well-known/agent-card.json",
    "GET /docs",
    "GET /healthz",
    "GET /openapi.json",
    "GET /ping",
    "GET /readyz",
}
"""What anybody may read, since it says nothing of anybody. Think twice before you add a line."""


def places() -> list[Place]:
    def agent(text: str) -> str:
        return text

    channels = [channel_driver(name).make_channel() for name in channel_names()]
    return places_of(AgentHost(agent, channels=channels).app.routes)


def test_every_route_is_guarded() -> None:
    assert [place for place in places() if place.access is None] == []


def test_what_is_public_is_on_the_list() -> None:
    public = {
        f"{place.method} {place.template}"
        for place in places()
        if place.access is RouteAccess.PUBLIC and place.method != "HEAD"
    }
    assert public == PUBLIC


def test_what_the_list_does_not_name_asks_who_is_there() -> None:
    others = {place.access for place in places() if place.access is not RouteAccess.PUBLIC}
    assert others <= {RouteAccess.ADMIN, RouteAccess.CALLER, RouteAccess.SIGNED}
    assert RouteAccess.CALLER in others


def test_what_operates_the_host_is_for_administrators_and_nothing_else_is() -> None:
    operating = {place.template for place in places() if place.access is RouteAccess.ADMIN}
    below = {place.template for place in places() if place.template.startswith("/admin")}
    assert operating == below
    assert "/admin/tasks/dead/purge" in operating
