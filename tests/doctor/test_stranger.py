"""A running host, asked from outside: one that is shut, and ones that are not."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent_host.authentication.api_key_book import ApiKeyBook, KeyWish
from agent_host.authentication.api_key_file import ApiKeyFile
from agent_host.configured_host import create_host
from agent_host.doctor.finding import Finding
from agent_host.doctor.listener import Listener, Tenant, find_listener
from agent_host.doctor.situation import Situation
from agent_host.doctor.stranger import (
    check_headers,
    check_host_attack,
    check_operator_doors,
    check_origin_attack,
    check_strangers,
    documented_places,
)
from agent_host.settings import Settings
from agent_host.testing.live_server import live_server
from tests.doctor.case import said, situation

ALL: tuple[Callable[[Situation], Iterable[Finding]], ...] = (
    check_strangers,
    check_host_attack,
    check_origin_attack,
    check_operator_doors,
    check_headers,
)
EVERYWHERE = "0.0.0.0"  # noqa: S104 - looked up, never bound
METERED = {"enabled": True, "metrics_route": True}


@asynccontextmanager
async def hosted(folder: Path, **settings: Any) -> AsyncGenerator[Listener]:
    """A real host with these settings."""
    (folder / "bot.py").write_text("async def agent(text: str) -> str:\n    return text\n")
    table = {"target": f"{folder}/bot.py:agent", "store": "memory://", **settings}
    host = create_host(Settings.model_validate(table))
    async with live_server(host.app) as url:
        yield await listener_at(url)


@asynccontextmanager
async def impostor(*routes: Route, **headers: str) -> AsyncGenerator[Listener]:
    """Something that says it is a host, and guards nothing."""

    async def alive(request: Request) -> Response:
        return JSONResponse({"status": "alive"}, headers=headers)

    app = Starlette(routes=[Route("/healthz", alive, methods=["GET", "POST"]), *routes])
    async with live_server(app) as url:
        yield await listener_at(url)


async def listener_at(url: str) -> Listener:
    port = int(url.rpartition(":")[2])
    return await asyncio.to_thread(find_listener, "127.0.0.1", port)


async def asked(check: Callable[[Situation], Iterable[Finding]], case: Situation) -> str:
    return await asyncio.to_thread(lambda: said(check(case)))


def make_key() -> None:
    ApiKeyBook(ApiKeyFile(Path(".agent-host/keys.json"))).create(KeyWish(name="one"))


async def welcome(request: Request) -> Response:
    return JSONResponse({})


@pytest.mark.parametrize("check", ALL)
def test_nobody_is_asked_where_no_host_answers(check: Any) -> None:
    assert said(check(situation(proof=True))).startswith("skipped: No host answers")


async def test_a_host_with_keys_is_shut(folder: Path) -> None:
    make_key()
    async with hosted(folder, telemetry=METERED) as listener:
        assert listener.tenant is Tenant.HOST
        case = situation(proof=True, listener=listener, telemetry=METERED)
        assert (await asked(check_strangers, case)).startswith("ok: Strangers are refused on ")
        for check in ALL:
            assert (await asked(check, case)).startswith("ok"), check


async def test_a_host_on_loopback_asks_nobody_and_is_shut_otherwise(folder: Path) -> None:
    async with hosted(folder) as listener:
        case = situation(listener=listener)
        assert (await asked(check_strangers, case)).startswith("skipped: Nobody has to prove")
        for check in ALL[1:]:
            assert (await asked(check, case)).startswith("ok"), check


async def test_a_host_that_still_asks_nobody_is_found(folder: Path) -> None:
    """Keys were made, and the server was not restarted."""
    async with hosted(folder) as listener:
        make_key()
        lines = await asked(check_strangers, situation(proof=True, listener=listener))
        assert lines.startswith("problem: Strangers are let in by")
        assert "restart" in lines


async def test_a_host_that_anybody_administers_is_said_to_be_one(folder: Path) -> None:
    open_to_all: dict[str, Any] = {"telemetry": METERED, "access": {"anonymous_admin": True}}
    async with hosted(folder, **open_to_all) as listener:
        lines = await asked(check_operator_doors, situation(listener=listener, **open_to_all))
        assert lines.startswith("warning: Open to whoever reaches the port: /metrics")


async def test_what_has_holes_is_found() -> None:
    openings = [Route("/metrics", welcome), Route("/invocations", welcome, methods=["POST"])]
    async with impostor(*openings, server="shop/1.0") as listener:
        guarded = situation(proof=True, listener=listener)
        assert "POST /invocations" in await asked(check_strangers, guarded)
        assert (await asked(check_host_attack, guarded)).startswith("warning")
        assert (await asked(check_host_attack, situation(listener=listener))).startswith("problem")
        assert (await asked(check_origin_attack, guarded)).startswith("problem")
        doors = await asked(check_operator_doors, guarded)
        assert doors.startswith("problem: Open without credentials: /metrics.")
        assert (await asked(check_headers, guarded)).startswith("warning: Answers tell")


async def test_routes_that_only_the_running_host_has_are_tried_too() -> None:
    document: dict[str, Any] = {"paths": {"/extra/{id}": {"get": {"security": [{"caller": []}]}}}}

    async def openapi(request: Request) -> Response:
        return JSONResponse(document)

    extra = [Route("/openapi.json", openapi), Route("/extra/{id}", welcome)]
    async with impostor(*extra) as listener:
        lines = await asked(check_strangers, situation(proof=True, listener=listener))
        assert lines.startswith("problem: Strangers are let in by GET /extra/made_up.")


async def test_a_host_without_these_routes_is_another_one() -> None:
    async with impostor() as listener:
        lines = await asked(check_strangers, situation(proof=True, listener=listener))
        assert lines.startswith("warning: Of ")
        assert "Restart" in lines


async def test_every_page_may_call_if_it_is_set_so() -> None:
    async with impostor() as listener:
        case = situation(listener=listener, server={"allowed_origins": ["*"]})
        assert (await asked(check_origin_attack, case)).startswith("skipped: Every page")


async def test_who_listens_is_found() -> None:
    async def hello(request: Request) -> Response:
        return Response("hello")

    async with live_server(Starlette(routes=[Route("/", hello)])) as url:
        other = await listener_at(url)
        assert other.tenant is Tenant.OTHER
        everywhere = await asyncio.to_thread(find_listener, EVERYWHERE, other.port)
        assert (everywhere.address, everywhere.tenant) == ("127.0.0.1", Tenant.OTHER)
    gone = await listener_at(url)
    assert gone.tenant is Tenant.NOBODY
    assert await asyncio.to_thread(gone.ask, "GET", "/") is None


def test_another_machine_is_not_asked() -> None:
    assert find_listener("192.0.2.1", 80).tenant is Tenant.NOBODY


async def test_a_host_that_cannot_say_who_may_is_not_called_shut(folder: Path) -> None:
    make_key()
    async with hosted(folder) as listener:
        (folder / ".agent-host" / "keys.json").write_text("{}")

        async def until_unsure() -> str:
            while True:
                lines = await asked(check_strangers, situation(proof=True, listener=listener))
                if not lines.startswith("ok"):
                    return lines

        lines = await until_unsure()
        assert lines.startswith("warning: Of ")
        assert "check the key file" in lines


@pytest.mark.parametrize("host", ["no-such-host.invalid", "127.0.0.1"])
def test_nobody_listens_where_there_is_nothing(host: str) -> None:
    assert find_listener(host, 0).tenant is Tenant.NOBODY


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.fixed_dictionaries({"paths": json_values}) | json_values)
def test_any_document_is_read(document: object) -> None:
    assert all(place.path.startswith("/") for place in documented_places(document))
