"""Who watches the process can tell whether it lives and whether it takes work."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette

from agent_host.asgi.health import health_routes
from agent_host.errors import StoreUnavailableError
from tests.asgi.edge import application


async def answer() -> None:
    """The store answers."""


async def fail() -> None:
    message = "redis://:hunter2@10.0.0.7 is down"
    raise StoreUnavailableError(message)


async def break_down() -> None:
    message = "hunter2"
    raise ZeroDivisionError(message)


async def hang() -> None:
    await asyncio.Event().wait()


def host(
    *,
    started: bool = True,
    draining: bool = False,
    check_store: Callable[[], Awaitable[None]] = answer,
) -> Starlette:
    return application(
        *health_routes(
            started=lambda: started,
            draining=lambda: draining,
            check_store=check_store,
            at_most=timedelta(milliseconds=20),
        )
    )


async def get(app: Starlette, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
        return await client.get(path)


async def test_a_host_that_has_started_and_has_its_store_is_ready() -> None:
    response = await get(host(), "/readyz")

    assert response.status_code == 200
    assert response.json() == {"status": "ready"}
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("app", "failing"),
    [
        (host(started=False), ["started", "store"]),
        (host(draining=True), ["accepting"]),
        (host(check_store=fail), ["store"]),
        (host(check_store=break_down), ["store"]),
        (host(check_store=hang), ["store"]),
        (host(draining=True, check_store=fail), ["accepting", "store"]),
    ],
)
async def test_what_is_not_ready_is_named_and_nothing_more(
    app: Starlette, failing: list[str]
) -> None:
    response = await get(app, "/readyz")

    assert response.status_code == 503
    assert response.json() == {"status": "not_ready", "failing": failing}


async def test_a_host_that_is_not_ready_lives_all_the_same() -> None:
    response = await get(host(started=False, draining=True, check_store=fail), "/healthz")

    assert response.status_code == 200
    assert response.json() == {"status": "alive"}


async def test_the_operator_learns_why_the_store_is_not_ready(
    caplog: pytest.LogCaptureFixture,
) -> None:
    await get(host(check_store=hang), "/readyz")
    await get(host(check_store=break_down), "/readyz")

    assert "no answer in time" in caplog.text
    assert "ZeroDivisionError" in caplog.text
