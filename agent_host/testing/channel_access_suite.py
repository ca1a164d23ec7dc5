"""Who may: nobody reaches anything of a channel past the authenticator, signature or authorizer."""

import asyncio
from typing import Final

import pytest

from agent_host.protocols.channel import RouteAccess
from agent_host.testing.channel_driver import WEBSOCKET, ChannelDriver, SampleRequest
from agent_host.testing.channel_fixture import ChannelFixture, RecordingTarget, Served, recall
from agent_host.testing.channel_place import Place, places_of
from agent_host.testing.person import DenyingAuthorizer, RefusingAuthenticator
from agent_host.testing.socket_client import SocketClosedError, SocketRefusedError, open_socket

CLIENT_ERRORS: Final = range(400, 500)
UNAUTHORIZED: Final = 401
FORBIDDEN: Final = 403
ACKNOWLEDGED: Final = range(200, 300)


class ChannelAccessSuite(ChannelFixture):
    """Walks every method of every route."""

    asked_within_seconds = 5.0
    """How long a channel that acknowledges first may take to do what it was asked."""

    @pytest.fixture
    def places(self, driver: ChannelDriver) -> list[Place]:
        return places_of(self.make_host(recall, driver).app.routes)

    def test_every_route_is_guarded(self, places: list[Place]) -> None:
        assert [place for place in places if place.access is None] == []

    def test_the_samples_are_for_every_place_that_is_not_public(
        self, driver: ChannelDriver, places: list[Place]
    ) -> None:
        missing = [
            f"{place.method} {place.template}"
            for place in guarded(places)
            if not any(place.takes(sample) for sample in driver.samples)
        ]
        assert missing == []

    async def test_a_caller_that_nobody_knows_gets_nowhere(
        self, driver: ChannelDriver, places: list[Place]
    ) -> None:
        target = RecordingTarget()
        async with self.serving(target, driver, authenticator=RefusingAuthenticator()) as served:
            statuses = {
                f"{place.method} {place.template}": await knock(served, driver, place)
                for place in places
                if place.access in {RouteAccess.CALLER, RouteAccess.ADMIN}
            }
        assert {place for place, status in statuses.items() if status != UNAUTHORIZED} == set()
        assert target.heard == []

    async def test_a_caller_is_no_administrator(
        self, driver: ChannelDriver, places: list[Place]
    ) -> None:
        async with self.serving(recall, driver) as served:
            for place in places:
                if place.access is RouteAccess.ADMIN:
                    assert await knock(served, driver, place) == FORBIDDEN, place

    async def test_what_is_not_signed_gets_nowhere(
        self, driver: ChannelDriver, places: list[Place]
    ) -> None:
        target = RecordingTarget()
        async with self.serving(target, driver) as served:
            for sample in driver.samples:
                if access_for(sample, places) is RouteAccess.SIGNED:
                    signed = driver.headers(sample.body + b" ", person="alice")
                    for headers in (None, signed):
                        response = await served.client.request(
                            sample.method, sample.path, content=sample.body, headers=headers
                        )
                        assert response.status_code in CLIENT_ERRORS
        assert target.heard == []

    async def test_what_is_public_reaches_nothing(
        self, driver: ChannelDriver, places: list[Place]
    ) -> None:
        """Not even with a body that would elsewhere be a turn."""
        target, authorizer = RecordingTarget(), DenyingAuthorizer()
        async with self.serving(target, driver, authorizer=authorizer) as served:
            for place in places:
                if place.access is not RouteAccess.PUBLIC:
                    continue
                for body in {b"", *(sample.body for sample in driver.samples)}:
                    for headers in (None, driver.headers(body, person="alice")):
                        await served.client.request(
                            place.method, place.path, content=body, headers=headers
                        )
        assert not authorizer.was_asked
        assert target.heard == []

    async def test_nothing_is_done_that_the_authorizer_does_not_allow(
        self, driver: ChannelDriver, name: str, places: list[Place]
    ) -> None:
        """Each operation asks, is about this channel, and comes to nothing."""
        target, authorizer = RecordingTarget(), DenyingAuthorizer()
        async with self.serving(target, driver, authorizer=authorizer) as served:
            for sample in driver.samples:
                if access_for(sample, places) is RouteAccess.ADMIN:
                    continue  # not a matter of the pipeline
                authorizer.forget()
                status, wire = await perform(served, driver, sample)
                try:
                    async with asyncio.timeout(self.asked_within_seconds):
                        caller = await authorizer.next_asked()
                except TimeoutError:
                    raise AssertionError(f"{sample} was done without asking") from None
                assert caller.channel == name
                assert authorizer.details not in wire
                if access_for(sample, places) is RouteAccess.CALLER:
                    assert status in CLIENT_ERRORS, sample
                else:  # a platform is told that its event arrived, the person nothing
                    assert status in ACKNOWLEDGED or status in CLIENT_ERRORS, sample
            answer = await driver.ask(served.client, "hello", person="alice", session="one")
        assert answer.failed
        assert target.heard == []


def guarded(places: list[Place]) -> list[Place]:
    """Those that the samples have to name."""
    return [
        place
        for place in places
        if place.access not in {RouteAccess.PUBLIC, RouteAccess.ADMIN} and place.method != "HEAD"
    ]


def access_for(sample: SampleRequest, places: list[Place]) -> RouteAccess | None:
    """Who may reach what the sample is for."""
    return next((place.access for place in places if place.takes(sample)), None)


async def knock(served: Served, driver: ChannelDriver, place: Place) -> int:
    """The status of a request with made-up ids and no body."""
    headers = driver.headers(b"", person="alice")
    if place.method != WEBSOCKET:
        response = await served.client.request(place.method, place.path, headers=headers)
        return response.status_code
    try:
        async with open_socket(served.url, place.path, headers=headers):
            return 0
    except SocketRefusedError as refused:
        return refused.status


async def perform(served: Served, driver: ChannelDriver, sample: SampleRequest) -> tuple[int, str]:
    """Send the sample as alice: its status, and what came back. A socket that answers has the
    status of a refusal: there is no other word for it that all protocols share.
    """
    headers = driver.headers(sample.body, person="alice")
    if sample.method != WEBSOCKET:
        response = await served.client.request(
            sample.method, sample.path, content=sample.body, headers=headers
        )
        return response.status_code, response.text
    try:
        async with open_socket(served.url, sample.path, headers=headers) as socket:
            await socket.send(sample.body.decode())
            return CLIENT_ERRORS.start, await socket.receive()
    except SocketRefusedError as refused:
        return refused.status, ""
    except SocketClosedError:
        return CLIENT_ERRORS.start, ""


__all__ = ["ChannelAccessSuite", "access_for", "guarded", "knock", "perform"]
