"""Who gets to admin routes: administrators, and nobody who only calls."""

import pytest

from agent_host import AgentHost
from agent_host.authentication.anonymous import AnonymousAuthenticator
from agent_host.protocols.channel import RouteAccess
from agent_host.testing.channel_place import Place, places_of
from tests.asgi.admin import client_of, operated


async def echo(text: str) -> str:
    return text


PLACES = [
    place
    for place in places_of(AgentHost(echo).app.routes)
    if place.access is RouteAccess.ADMIN and place.method != "HEAD"
]


def test_there_is_something_to_keep_people_from() -> None:
    assert len(PLACES) == 25


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.method} {place.template}")
@pytest.mark.parametrize(
    ("who", "status"), [(None, 401), ("stranger", 401), ("caller", 403), ("neither", 403)]
)
async def test_others_are_told_nothing(place: Place, who: str | None, status: int) -> None:
    async with operated(echo, as_one=who) as (_, client):
        answer = await client.request(place.method, place.path)
        assert answer.status_code == status
        assert set(answer.json()) == {"type", "title", "status", "detail", "code", "retryable"}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.method} {place.template}")
async def test_where_nobody_proves_who_they_are_nobody_is_an_operator(place: Place) -> None:
    async with operated(echo, as_one=None, authenticator=AnonymousAuthenticator()) as (_, client):
        assert (await client.request(place.method, place.path)).status_code == 403


@pytest.mark.parametrize("who", ["admin", "both"])
async def test_an_administrator_gets_in(who: str) -> None:
    async with operated(echo, as_one=who) as (_, client):
        assert (await client.get("/admin/runs")).json() == {"runs": [], "next_cursor": None}
        assert (await client.get("/admin/tasks")).status_code == 200


async def test_an_administrator_is_no_caller() -> None:
    async with operated(echo) as (host, client):
        assert (await client.post("/invocations", json={"input": "x"})).status_code == 403
        async with client_of(host, "caller") as caller:
            assert (await caller.post("/invocations", json={"input": "x"})).status_code == 200
