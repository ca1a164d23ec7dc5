"""Who passes, how much they may send, and what they are told, on HTTP routes."""

import asyncio
import logging
from collections.abc import AsyncGenerator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent_host.asgi.guard import access_of, guard_route
from agent_host.asgi.health import health_routes
from agent_host.context import current_principal
from agent_host.errors import (
    DeniedError,
    HostError,
    LeaseLostError,
    NotFoundError,
    UnauthenticatedError,
)
from agent_host.protocols.channel import ChannelRoute, RouteAccess
from agent_host.testing.live_server import live_server
from tests.asgi.edge import NameAuthenticator, application, as_caller, channel_route, http_scope


async def who(request: Request) -> Response:
    del request
    principal = current_principal.get()
    return PlainTextResponse(principal.id if principal else "nobody")


async def length(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def denied(request: Request) -> Response:
    del request
    message = "Not for you."
    raise DeniedError(message)


async def broken(request: Request) -> Response:
    del request
    message = "the password is hunter2"
    raise RuntimeError(message)


def client_of(app: ASGIApp) -> httpx.AsyncClient:
    """A client that fails the test if an exception reaches the server."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://host")


async def test_a_caller_is_known_in_the_endpoint_and_forgotten_after_it() -> None:
    async with client_of(application(channel_route(who, access=RouteAccess.CALLER))) as client:
        response = await client.get("/", headers=as_caller("anna"))

    assert response.text == "anna"
    assert current_principal.get() is None


@pytest.mark.parametrize("access", [RouteAccess.PUBLIC, RouteAccess.SIGNED])
async def test_nobody_is_authenticated_where_the_route_does_not_ask(access: RouteAccess) -> None:
    async with client_of(application(channel_route(who, access=access))) as client:
        response = await client.get("/", headers=as_caller("anna"))

    assert response.text == "nobody"


async def test_a_caller_without_proof_is_challenged() -> None:
    async with client_of(application(channel_route(who, access=RouteAccess.CALLER))) as client:
        response = await client.get("/")

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="test"'
    assert response.json()["code"] == "unauthenticated"


async def test_an_authenticator_that_fails_lets_nobody_in(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with client_of(application(channel_route(who, access=RouteAccess.CALLER))) as client:
        response = await client.get("/", headers=as_caller("broken"))

    assert response.status_code == 500
    assert "10.0.0.7" not in response.text
    assert response.json()["correlation_id"] in caplog.text


async def test_concurrent_callers_are_not_mixed_up() -> None:
    """On one event loop, each request parked in the endpoint while the others come and go."""
    everybody_is_here = asyncio.Barrier(20)

    async def who_after_all_came(request: Request) -> Response:
        await everybody_is_here.wait()
        return await who(request)

    app = application(channel_route(who_after_all_came, access=RouteAccess.CALLER))
    names = [f"caller-{number}" for number in range(20)]
    async with live_server(app) as url, httpx.AsyncClient(base_url=url) as client:
        responses = await asyncio.gather(
            *(client.get("/", headers=as_caller(name)) for name in names)
        )

    assert [response.text for response in responses] == names


async def test_an_error_of_the_endpoint_is_a_problem() -> None:
    async with client_of(application(channel_route(denied))) as client:
        response = await client.get("/")

    assert response.status_code == 403
    assert response.json()["detail"] == "Not for you."


async def test_an_error_is_told_in_the_routes_own_words() -> None:
    async def render(connection: HTTPConnection, error: HostError) -> Response:
        return JSONResponse({"oops": error.code, "at": connection.url.path}, status_code=418)

    app = application(channel_route(denied, render_error=render))
    async with client_of(app) as client:
        response = await client.get("/")

    assert response.status_code == 418
    assert response.json() == {"oops": "denied", "at": "/"}


async def test_a_failure_is_told_in_the_routes_own_words_but_not_what_it_was() -> None:
    async def render(connection: HTTPConnection, error: HostError) -> Response:
        del connection
        return PlainTextResponse(f"{error.code}: {error}", status_code=500)

    async with client_of(application(channel_route(broken, render_error=render))) as client:
        response = await client.get("/")

    assert response.text.startswith("internal: ")
    assert "hunter2" not in response.text


async def test_a_challenge_is_there_whatever_renders_the_refusal() -> None:
    async def refuse(request: Request) -> Response:
        del request
        message = "Once more, please."
        raise UnauthenticatedError(message)

    async def render(connection: HTTPConnection, error: HostError) -> Response:
        del connection, error
        return PlainTextResponse("no", status_code=401)

    async with client_of(application(channel_route(refuse, render_error=render))) as client:
        response = await client.get("/")

    assert response.headers["www-authenticate"] == 'Bearer realm="test"'


async def test_a_renderer_that_fails_is_replaced(caplog: pytest.LogCaptureFixture) -> None:
    async def render(connection: HTTPConnection, error: HostError) -> Response:
        del connection, error
        message = "no such template"
        raise KeyError(message)

    async with client_of(application(channel_route(denied, render_error=render))) as client:
        response = await client.get("/")

    assert response.status_code == 403
    assert response.json()["code"] == "denied"
    assert "no such template" in caplog.text


@pytest.mark.parametrize("error", [RuntimeError("hunter2"), LeaseLostError("hunter2")])
async def test_a_failure_shows_a_correlation_id_that_is_in_the_log(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(request: Request) -> Response:
        del request
        raise error

    async with client_of(application(channel_route(fail))) as client:
        response = await client.get("/")

    assert response.status_code == 500
    assert "hunter2" not in response.text
    assert "hunter2" in caplog.text
    assert response.json()["correlation_id"] in caplog.text


async def test_starlettes_own_refusals_are_problems_too() -> None:
    async def gone(request: Request) -> Response:
        del request
        raise HTTPException(410, detail="It was here.")

    async with client_of(application(channel_route(gone))) as client:
        response = await client.get("/")

    assert response.status_code == 410
    assert response.json()["detail"] == "It was here."


@pytest.mark.parametrize(
    ("error", "logged"),
    [(RuntimeError("secret sauce"), "secret sauce"), (NotFoundError("run"), "not_found")],
)
async def test_an_error_after_the_response_began_is_logged_and_ends_the_stream(
    error: Exception, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def chunks() -> AsyncGenerator[bytes]:
        yield b"half of "
        raise error

    async def stream(request: Request) -> Response:
        del request
        return StreamingResponse(chunks())

    app = application(channel_route(stream))
    caplog.set_level(logging.WARNING)
    async with live_server(app) as url, httpx.AsyncClient(base_url=url) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/")

    assert logged in caplog.text


@pytest.mark.parametrize("announced", [b"1001", b"9" * 30, b"9" * 5000])
async def test_a_body_that_is_announced_too_long_is_not_read(announced: bytes) -> None:
    async def unreachable(request: Request) -> Response:
        del request
        pytest.fail("the endpoint was called")

    app = application(channel_route(unreachable))
    async with client_of(app) as client:
        response = await client.post("/", headers=[(b"content-length", announced)])

    assert response.status_code == 413
    assert response.json()["code"] == "too_large"
    assert "1000" in response.json()["detail"]


async def test_a_body_that_is_longer_than_announced_is_cut_off() -> None:
    async with client_of(application(channel_route(length))) as client:
        response = await client.post("/", content=b"x" * 1001, headers={"content-length": "3"})

    assert response.status_code == 413


async def test_a_body_of_exactly_the_limit_is_taken() -> None:
    async with client_of(application(channel_route(length))) as client:
        assert (await client.post("/", content=b"x" * 1000)).text == "1000"


async def test_a_route_has_its_own_limit() -> None:
    app = application(
        channel_route(length, path="/small", body_limit_bytes=1),
        channel_route(length, path="/large", body_limit_bytes=5000),
    )
    async with client_of(app) as client:
        assert (await client.post("/small", content=b"xx")).status_code == 413
        assert (await client.post("/large", content=b"x" * 5000)).text == "5000"


async def test_the_endpoint_may_answer_a_body_that_is_too_long_itself() -> None:
    async def forgiving(request: Request) -> Response:
        try:
            await request.body()
        except HostError as error:
            return PlainTextResponse(error.code)
        return PlainTextResponse("taken")

    async def chunks() -> AsyncGenerator[bytes]:
        for _ in range(3):
            yield b"x" * 500

    async with client_of(application(channel_route(forgiving))) as client:
        assert (await client.post("/", content=chunks())).text == "too_large"


async def test_a_client_that_leaves_while_it_sends_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    messages = iter([{"type": "http.request", "body": b"x", "more_body": True}])
    sent: list[Message] = []

    async def receive() -> Message:
        return next(messages, {"type": "http.disconnect"})

    async def send(message: Message) -> None:
        sent.append(message)

    await application(channel_route(length))(http_scope("POST"), receive, send)

    assert sent == []
    assert caplog.text == ""


async def test_a_client_that_left_before_it_was_refused_is_no_error() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        del message
        raise OSError

    await application(channel_route(denied))(http_scope("GET"), receive, send)


async def test_cancelling_a_request_is_passed_on() -> None:
    parked = asyncio.Event()

    async def park(request: Request) -> Response:
        del request
        parked.set()
        await asyncio.Event().wait()
        pytest.fail("nobody sets it")

    app = application(channel_route(park))
    async with client_of(app) as client, asyncio.TaskGroup() as tasks:
        request = tasks.create_task(client.get("/"))
        await parked.wait()
        request.cancel()

    assert request.cancelled()


async def test_an_endpoint_may_be_an_application_or_stand_behind_middleware() -> None:
    class Shout:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            async def shout(message: Message) -> None:
                if "body" in message:
                    message["body"] = message["body"].upper()
                await send(message)

            await self.app(scope, receive, shout)

    route = Route("/", who, middleware=[Middleware(Shout)])
    app = application(
        ChannelRoute(route=route, access=RouteAccess.CALLER),
        ChannelRoute(route=Route("/app", Shout(route.app)), access=RouteAccess.CALLER),
    )
    async with client_of(app) as client:
        assert (await client.get("/", headers=as_caller("anna"))).text == "ANNA"
        assert (await client.get("/app", headers=as_caller("anna"))).text == "ANNA"
        assert (await client.get("/app")).status_code == 401


async def test_a_header_that_is_not_utf_8_reaches_the_endpoint() -> None:
    async def echo(request: Request) -> Response:
        return Response(request.headers["x-odd"].encode("latin-1"))

    app = application(channel_route(echo))
    async with live_server(app) as url, httpx.AsyncClient(base_url=url) as client:
        response = await client.get("/", headers=[(b"x-odd", b"\xff\xfe")])

    assert response.content == b"\xff\xfe"


def test_every_mounted_route_says_who_may_reach_it() -> None:
    async def check() -> None:
        """Fine."""

    health = health_routes(started=lambda: True, draining=lambda: False, check_store=check)
    app = Starlette(
        routes=[
            guard_route(route, authenticator=NameAuthenticator(), body_limit_bytes=1)
            for route in (channel_route(who, access=RouteAccess.CALLER), *health)
        ]
    )

    assert [access_of(route) for route in app.routes] == [
        RouteAccess.CALLER,
        RouteAccess.PUBLIC,
        RouteAccess.PUBLIC,
    ]
    assert access_of(Route("/", who)) is None
