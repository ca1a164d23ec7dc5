"""What one caller, one address and one websocket may cost."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from agent_host.asgi.edge import Edge
from agent_host.asgi.edge_policy import EdgePolicy, IsolationSource
from agent_host.asgi.edge_rule import EdgeRules
from agent_host.asgi.guard import guard_route
from agent_host.asgi.limited_route import LimitedRoutes
from agent_host.asgi.problem import exception_handlers
from agent_host.asgi.request_limit import RequestLimits
from agent_host.authentication.anonymous import AnonymousAuthenticator
from agent_host.protocols.authenticator import Authenticator
from agent_host.protocols.channel import ChannelRoute, RouteAccess
from agent_host.testing.manual_clock import ManualClock
from tests.asgi.edge import NameAuthenticator, as_caller, channel_route, websocket_session

ADDRESS = "192.0.2.1"


async def hello(request: Request) -> Response:
    del request
    return PlainTextResponse("hello")


def limited(
    *routes: ChannelRoute,
    clock: ManualClock | None = None,
    authenticator: Authenticator | None = None,
    **limits: Any,
) -> Starlette:
    part = LimitedRoutes(RequestLimits(**limits), (clock or ManualClock()).monotonic)
    authenticator = part.limit_failures(authenticator or NameAuthenticator())
    return Starlette(
        routes=[
            guard_route(part.limit(route), authenticator=authenticator, body_limit_bytes=1000)
            for route in routes
        ],
        exception_handlers=exception_handlers(),
    )


@asynccontextmanager
async def client_of(app: Any, *, address: str = ADDRESS) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
        yield client


async def test_a_caller_that_asks_too_often_waits_and_others_do_not() -> None:
    clock = ManualClock()
    routes = [
        channel_route(hello, path=path, access=RouteAccess.CALLER) for path in ("/one", "/two")
    ]
    async with client_of(limited(*routes, clock=clock, requests_per_second=2)) as client:
        anna, bob = as_caller("anna"), as_caller("bob")
        assert (await client.get("/one", headers=anna)).status_code == 200
        assert (await client.get("/two", headers=anna)).status_code == 200
        refused = await client.get("/one", headers=anna)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["retryable"] is True
        assert (await client.get("/one", headers=bob)).status_code == 200
        clock.advance(timedelta(seconds=1))
        assert (await client.get("/one", headers=anna)).status_code == 200


async def test_a_caller_has_so_many_at_once_and_each_end_makes_room() -> None:
    may_end, inside = asyncio.Event(), asyncio.Semaphore(0)

    async def slow(request: Request) -> Response:
        inside.release()
        await may_end.wait()
        if request.url.query == "fail":
            raise RuntimeError
        return PlainTextResponse("done")

    app = limited(channel_route(slow, access=RouteAccess.CALLER), requests_at_once=2)
    async with client_of(app) as client, asyncio.TaskGroup() as group:
        anna = as_caller("anna")
        first = group.create_task(client.get("/?fail", headers=anna))
        second = group.create_task(client.get("/", headers=anna))
        await inside.acquire()
        await inside.acquire()
        refused = await client.get("/", headers=anna)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_at_once")
        assert refused.headers["retry-after"] == "1"
        other = group.create_task(client.get("/", headers=as_caller("bob")))
        await inside.acquire()
        may_end.set()
        assert [(await one).status_code for one in (first, second, other)] == [500, 200, 200]
        assert (await client.get("/", headers=anna)).status_code == 200


async def test_people_of_a_platform_are_limited_one_by_one() -> None:
    route = channel_route(hello, access=RouteAccess.CALLER)
    app = Edge(
        limited(route, authenticator=AnonymousAuthenticator(), requests_per_second=1),
        EdgeRules(EdgePolicy(isolation=IsolationSource.PLATFORM)),
    )
    async with client_of(app) as client:
        statuses = [
            (await client.get("/", headers={"x-agent-user-isolation-key": user})).status_code
            for user in ("u1", "u2", "u1")
        ]
    assert statuses == [200, 200, 429]


async def test_public_and_signed_routes_have_no_caller_to_limit() -> None:
    routes = [
        channel_route(hello, path="/public", access=RouteAccess.PUBLIC),
        channel_route(hello, path="/signed", access=RouteAccess.SIGNED),
    ]
    async with client_of(limited(*routes, requests_per_second=1, requests_at_once=1)) as client:
        for _ in range(5):
            assert (await client.get("/public")).status_code == 200
            assert (await client.get("/signed")).status_code == 200


async def test_an_address_that_guesses_is_stopped_and_another_is_not() -> None:
    clock = ManualClock()
    app = limited(
        channel_route(hello, access=RouteAccess.CALLER),
        clock=clock,
        failed_authentications_per_minute=3,
    )
    async with client_of(app) as guesser, client_of(app, address="192.0.2.2") as other:
        assert (await guesser.get("/", headers=as_caller("anna"))).status_code == 200
        assert [(await guesser.get("/")).status_code for _ in range(3)] == [401] * 3
        refused = await guesser.get("/", headers=as_caller("anna"))
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_failures")
        assert refused.headers["retry-after"] == "20"
        assert (await other.get("/", headers=as_caller("anna"))).status_code == 200
        clock.advance(timedelta(seconds=20))
        assert (await guesser.get("/", headers=as_caller("anna"))).status_code == 200


@pytest.mark.parametrize(
    ("one", "next_one", "stopped"),
    [
        ("2001:db8::1", "2001:db8::ffff", True),  # one customer has the whole network
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("127.0.0.1", "127.0.0.1", False),  # a proxy, perhaps, and everybody behind it
        ("::1", "::1", False),
        ("testclient", "testclient", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
    ],
)
async def test_who_counts_as_one_address(one: str, next_one: str, *, stopped: bool) -> None:
    app = limited(
        channel_route(hello, access=RouteAccess.CALLER), failed_authentications_per_minute=1
    )
    async with client_of(app, address=one) as first, client_of(app, address=next_one) as second:
        assert (await first.get("/")).status_code == 401
        assert (await second.get("/")).status_code == (429 if stopped else 401)


@pytest.mark.parametrize("no_limit", [None, 0])
async def test_nothing_stands_in_the_way_where_there_is_no_limit(no_limit: int | None) -> None:
    limits = RequestLimits(
        requests_per_second=no_limit,
        requests_at_once=no_limit,
        failed_authentications_per_minute=no_limit,
        messages_per_second=no_limit,
    )
    part = LimitedRoutes(limits, ManualClock().monotonic)
    route = channel_route(hello, access=RouteAccess.CALLER)
    app = route.route.app
    assert part.limit(route).route.app is app
    authenticator = NameAuthenticator()
    assert part.limit_failures(authenticator) is authenticator
    nobody = AnonymousAuthenticator()
    assert LimitedRoutes(RequestLimits(), ManualClock().monotonic).limit_failures(nobody) is nobody


async def test_the_watched_authenticator_says_of_itself_what_the_other_one_does() -> None:
    part = LimitedRoutes(RequestLimits(), ManualClock().monotonic)
    watched = part.limit_failures(NameAuthenticator())
    assert not watched.admits_anyone
    assert watched.challenge == NameAuthenticator.challenge


async def test_a_websocket_that_floods_is_closed_where_its_endpoint_does_not_mind() -> None:
    taken: list[str] = []

    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        while True:
            taken.append(await websocket.receive_text())

    route = ChannelRoute(route=WebSocketRoute("/", endpoint), access=RouteAccess.PUBLIC)
    app = limited(route, messages_per_second=3)
    incoming = [{"type": "websocket.receive", "text": str(number)} for number in range(9)]
    sent = await websocket_session(app, *incoming)
    assert taken == ["0", "1", "2"]
    assert (sent[-1]["code"], sent[-1]["reason"]) == (4429, "rate_limited")


async def test_an_open_websocket_is_one_request_at_once() -> None:
    inside, may_end = asyncio.Event(), asyncio.Event()

    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        inside.set()
        await may_end.wait()
        await websocket.close()

    route = ChannelRoute(route=WebSocketRoute("/", endpoint), access=RouteAccess.CALLER)
    app = limited(route, requests_at_once=1)
    headers = [(b"authorization", b"Bearer anna")]
    async with asyncio.TaskGroup() as group:
        first = group.create_task(websocket_session(app, headers=headers))
        await inside.wait()
        refused = await websocket_session(app, headers=headers)
        may_end.set()
    assert (refused[0]["code"], refused[0]["reason"]) == (4429, "too_many_at_once")
    assert (await first)[0]["type"] == "websocket.accept"
