"""`/admin/pairings`: who asks to be let in, decided by code and taken back by id."""

import logging
import re

import pytest

from agent_host import AgentHost
from agent_host.errors import DeniedError
from agent_host.protocols.channel import RouteAccess
from agent_host.testing.channel_place import places_of
from agent_host.types.pairing import PairingPolicy
from tests.asgi.admin import NamedAuthenticator, client_of
from tests.host.life import caller_of, turn_of
from tests.pairing.channel import StillChannel


async def echo(text: str) -> str:
    return text


def make_host() -> AgentHost:
    return AgentHost(
        echo,
        channels=[StillChannel("chat")],
        pairing=PairingPolicy(channels=("chat",)),
        authenticator=NamedAuthenticator(),
    )


async def code_for(host: AgentHost, name: str) -> str:
    with pytest.raises(DeniedError) as caught:
        await host.context.run(turn_of(caller_of(name), "hello"))
    found = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", str(caught.value))
    assert found is not None
    return found[0]


async def test_somebody_is_listed_let_in_and_put_out_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with make_host() as host, client_of(host, "admin") as client:
        code = await code_for(host, "alice")
        (waiting,) = (await client.get("/admin/pairings")).json()["pairings"]
        assert waiting["native_id"] == "native-alice-chat"
        assert code not in str(waiting)
        approved = (await client.post(f"/admin/pairings/{code.lower()}/approve")).json()
        assert (approved["id"], approved["verdict"]) == (waiting["id"], "approved")
        assert approved["decided_by"] == "admin-7"
        await host.context.run(turn_of(caller_of("alice"), "hello"))
        listed = (await client.get("/admin/pairings/decided")).json()["pairings"]
        assert listed == [approved]
        assert (await client.delete(f"/admin/pairings/{approved['id']}")).status_code == 204
        await code_for(host, "alice")
    assert f"pairing.approved {waiting['id']}: done" in caplog.text
    assert code not in caplog.text


async def test_every_code_that_leads_nowhere_reads_the_same() -> None:
    async with make_host() as host, client_of(host, "admin") as client:
        denied = await code_for(host, "alice")
        assert (await client.post(f"/admin/pairings/{denied}/deny")).status_code == 200
        answers = {
            (await client.post(f"/admin/pairings/{code}/{verb}")).content
            for code in (denied, await code_for(host, "alice"), "ABCD-EFGH", "x", "%20")
            for verb in ("approve", "deny")
        }
        assert len(answers) == 1
        gone = await client.delete("/admin/pairings/par_nobody")
        none = await client.delete("/admin/pairings/nonsense")
        assert gone.status_code == 404
        assert gone.content == none.content


@pytest.mark.parametrize(("who", "status"), [(None, 401), ("stranger", 401), ("caller", 403)])
async def test_others_are_told_nothing(who: str | None, status: int) -> None:
    host = make_host()
    places = [
        place
        for place in places_of(host.app.routes)
        if place.access is RouteAccess.ADMIN and "pairings" in place.template
    ]
    assert len(places) >= 5
    async with host, client_of(host, who) as client:
        for place in places:
            assert (await client.request(place.method, place.path)).status_code == status


async def test_without_pairing_there_are_no_such_routes() -> None:
    host = AgentHost(echo, authenticator=NamedAuthenticator())
    async with host, client_of(host, "admin") as client:
        assert (await client.get("/admin/pairings")).status_code == 404
