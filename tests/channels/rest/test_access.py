"""REST with real keys: strangers, other people's things, keys taken back while they are used."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_host import AgentHost
from agent_host.authentication.api_key_book import ApiKeyBook, KeyWish
from agent_host.authentication.api_key_file import ApiKeyFile
from agent_host.authentication.api_key_verifier import LOOK_EVERY, ApiKeyVerifier
from agent_host.authentication.bearer import BearerAuthenticator
from agent_host.authentication.jwt_policy import JwtPolicy
from agent_host.authentication.jwt_verifier import JwtVerifier
from agent_host.protocols.channel import RouteAccess
from agent_host.testing.channel_driver import WEBSOCKET
from agent_host.testing.channel_place import Place, places_of
from agent_host.testing.live_server import live_server
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.socket_client import SocketClosedError, SocketRefusedError, open_socket
from agent_host.types import Turn
from agent_host_rest import RestChannel
from tests.authentication.issuer import AUDIENCE, ISSUER, RSA_KEYS, Issuer, claims_at, jwk_of, sign
from tests.channels.rest.hosting import follow

MADE_UP_RUN = "run_0123456789ab0123456789abcdef0123456789abcdef"
MADE_UP_SESSION = "ses_0123456789ab0123456789abcdef0123456789abcdef"
SILENT = {"date"}


class Site:
    """A host that takes keys and tokens, and the hands of its operator."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.over = asyncio.Event()
        self.book = ApiKeyBook(ApiKeyFile(folder / "keys.json"), clock=self.clock)
        self.issuer = Issuer()
        self.keys = {
            name: self.book.create(KeyWish(name=name, scopes=frozenset({scope})))[0].text
            for name, scope in (("alice", "call"), ("bob", "call"), ("ops", "admin"))
        }
        policy = JwtPolicy(issuer=ISSUER, audiences=(AUDIENCE,))
        self.host = AgentHost(
            self._agent,
            channels=[RestChannel()],
            authenticator=BearerAuthenticator(
                [
                    ApiKeyVerifier(ApiKeyFile(folder / "keys.json"), clock=self.clock),
                    JwtVerifier(policy, client=self.issuer.client(), clock=self.clock),
                ]
            ),
        )
        self.client: httpx.AsyncClient
        self.url = ""

    async def _agent(self, turn: Turn) -> AsyncIterator[str]:
        """Echo; for ever, if it is told so."""
        yield turn.text
        if turn.text == "for ever":
            await self.over.wait()

    def headers(self, name: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.keys[name]}"}

    def token(self, **options: Any) -> dict[str, str]:
        claims = claims_at(self.clock.now(), exp=32_503_680_000)
        return {"x-api-key": sign(claims, **options)}

    async def pass_time(self, until: Callable[[], bool]) -> None:
        """Let seconds pass until something is seen."""
        while not until():
            await self.clock.until_sleeping(3)
            self.clock.advance(LOOK_EVERY)
            await asyncio.sleep(0)

    @property
    def places(self) -> list[Place]:
        return places_of(self.host.app.routes)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncGenerator[Site]:
    site = Site(tmp_path)
    async with (
        live_server(site.host.app) as url,
        httpx.AsyncClient(base_url=url, timeout=20) as client,
    ):
        site.client, site.url = client, url
        yield site
        site.over.set()


async def knock(site: Site, place: Place, headers: dict[str, str]) -> tuple[int, str]:
    if place.method != WEBSOCKET:
        response = await site.client.request(place.method, place.path, headers=headers)
        return response.status_code, response.headers.get("www-authenticate", "")
    try:
        async with open_socket(site.url, place.path, headers=headers):
            return 101, ""
    except SocketRefusedError as refused:
        return refused.status, ""


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Basic YWxpY2U6YWxpY2U="},
        {"authorization": "Bearer a b"},
        {"authorization": "Bearer ah_nobody_knows"},
        {"x-api-key": "eyJhbGciOiJub25lIn0.e30."},
        {"cookie": "authorization=Bearer"},
        {"sec-websocket-protocol": "bearer, ah_nobody_knows"},
    ],
    ids=str,
)
async def test_every_route_that_is_not_public_refuses_strangers(
    site: Site, headers: dict[str, str]
) -> None:
    closed = [place for place in site.places if place.access is not RouteAccess.PUBLIC]
    assert {place.method for place in closed} >= {"DELETE", "GET", "POST", WEBSOCKET}
    for place in closed:
        status, challenge = await knock(site, place, headers)
        assert status == 401, place
        assert place.method == WEBSOCKET or challenge.startswith("Bearer realm=")


async def test_a_refusal_is_a_problem_and_says_nothing_of_why(site: Site) -> None:
    bodies = set[bytes]()
    for credential in ("ah_nobody_knows", site.keys["alice"][:-1], "not.a.token", "nonsense"):
        headers = {"authorization": f"Bearer {credential}"}
        response = await site.client.get("/invocations", headers=headers)
        assert response.headers["content-type"] == "application/problem+json"
        bodies.add(response.content)
    assert len(bodies) == 1


async def test_an_administrators_key_is_not_a_callers(site: Site) -> None:
    for place in site.places:
        if place.access is RouteAccess.CALLER:
            status, _ = await knock(site, place, site.headers("ops"))
            assert status == 403, place


async def test_somebody_elses_things_read_as_missing_ones(site: Site) -> None:
    """Byte for byte, on every route that has an id in it."""
    alice, bob = site.headers("alice"), site.headers("bob")
    turn = {"input": "hello", "session_id": "mine"}
    run = (await site.client.post("/invocations", json=turn, headers=alice)).json()
    run_id, session_id = run["id"], run["session_id"]
    assert (await site.client.get(f"/invocations/{run_id}", headers=alice)).status_code == 200
    routes = [place for place in site.places if "{" in place.template]
    assert len(routes) >= 7
    for place in routes:
        replies = set[tuple[Any, ...]]()
        for run_part, session_part in (
            (run_id, session_id),
            (run_id, "mine"),
            (MADE_UP_RUN, MADE_UP_SESSION),
        ):
            path = place.template.replace("{run_id}", run_part).replace(
                "{session_id}", session_part
            )
            path = path.replace("{id}", run_part)
            body: Any = {"answers": {"qst_1": True}} if path.endswith("/answer") else None
            body = {} if "/commands/" in path else body
            response = await site.client.request(place.method, path, json=body, headers=bob)
            shown = tuple(
                (name, value) for name, value in response.headers.items() if name not in SILENT
            )
            replies.add((response.status_code, response.content, shown))
        assert len(replies) == 1, place
        refused = 403 if place.access is RouteAccess.ADMIN else 404
        assert replies.pop()[0] == refused, place
    assert (await site.client.get("/invocations", headers=bob)).json()["items"] == []
    assert (await site.client.get("/sessions/mine", headers=alice)).status_code == 200


async def test_going_on_with_somebody_elses_session_goes_on_with_nothing(site: Site) -> None:
    body = {"input": "hello", "session_id": "mine"}
    made = await site.client.post("/invocations", json=body, headers=site.headers("alice"))
    theirs = made.json()["session_id"]
    statuses = set[int]()
    for session in (theirs, MADE_UP_SESSION):
        body = {"input": "and?", "session_id": session}
        answer = await site.client.post("/invocations", json=body, headers=site.headers("bob"))
        statuses.add(answer.status_code)
        assert theirs not in answer.text or answer.status_code != 200
    assert len(statuses) == 1


async def test_two_keys_of_one_subject_are_one_person(site: Site) -> None:
    wishes = [KeyWish(name=name, subject="carol") for name in ("phone", "laptop")]
    phone, laptop = (site.book.create(wish)[0].text for wish in wishes)
    elsewhere = site.book.create(KeyWish(name="work", subject="carol", tenant="acme"))[0].text
    await site.clock.until_sleeping(3)
    site.clock.advance(LOOK_EVERY)
    while (await site.client.get("/invocations", headers={"x-api-key": phone})).status_code == 401:
        pass
    asked = await site.client.post(
        "/invocations", json={"input": "x"}, headers={"x-api-key": phone}
    )
    path = f"/invocations/{asked.json()['id']}"
    assert (await site.client.get(path, headers={"x-api-key": laptop})).status_code == 200
    assert (await site.client.get(path, headers={"x-api-key": elsewhere})).status_code == 404


async def stream_until_cut(site: Site, headers: dict[str, str], cut: Callable[[], object]) -> None:
    body = {"input": "for ever", "stream": True}
    async with site.client.stream("POST", "/invocations", json=body, headers=headers) as response:
        assert response.status_code == 200
        events = follow(response)
        assert (await anext(events)).type == "run_started"
        cut()
        read = asyncio.ensure_future(_rest_of(events))
        await site.pass_time(read.done)
        with pytest.raises(httpx.RemoteProtocolError):
            await read


async def _rest_of(events: AsyncGenerator[Any]) -> list[Any]:
    return [event async for event in events]


async def test_a_revoked_key_ends_its_event_stream(site: Site) -> None:
    await stream_until_cut(site, site.headers("alice"), lambda: site.book.revoke("alice"))
    again = await site.client.get("/invocations", headers=site.headers("alice"))
    assert again.status_code == 401
    assert (await site.client.get("/invocations", headers=site.headers("bob"))).status_code == 200


async def test_a_withdrawn_signing_key_ends_an_event_stream(site: Site) -> None:
    def rotate() -> None:
        site.issuer.documents = [jwk_of(RSA_KEYS[1], "two")]

    await stream_until_cut(site, site.token(), rotate)
    new = await site.client.get("/invocations", headers=site.token(key=RSA_KEYS[1], kid="two"))
    assert new.status_code == 200


async def test_a_revoked_key_closes_its_websocket(site: Site) -> None:
    async with open_socket(site.url, "/ws", headers=site.headers("alice")) as socket:
        await socket.send('{"input": "for ever"}')
        assert "run_started" in await socket.receive()
        site.book.revoke("alice")

        async def until_closed() -> int:
            while True:
                try:
                    await socket.receive()
                except SocketClosedError as closed:
                    return closed.code

        read = asyncio.ensure_future(until_closed())
        await site.pass_time(read.done)
        assert await read == 4401


async def test_a_revoked_key_is_told_to_a_caller_that_waits(site: Site) -> None:
    asked = asyncio.ensure_future(
        site.client.post("/invocations", json={"input": "for ever"}, headers=site.headers("alice"))
    )
    while not site.host.context.busy:
        await asyncio.sleep(0)
    site.book.revoke("alice")
    await site.pass_time(asked.done)
    response = await asked
    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


@given(st.sampled_from(["authorization", "x-api-key"]), st.binary(max_size=80), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
async def test_no_header_lets_anybody_in_or_breaks_anything(
    tmp_path: Path, name: str, value: bytes, bearer: bool
) -> None:
    async with unserved(tmp_path) as client:
        header = b"Bearer " + value if bearer else value
        response = await client.get("/invocations", headers=[(name.encode(), header)])
    assert response.status_code == 401


@asynccontextmanager
async def unserved(folder: Path) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of a host with one key, in this process: headers that no server would pass on."""
    file = ApiKeyFile(folder / "keys.json")
    if not file.exists():
        ApiKeyBook(file).create(KeyWish(name="one"))
    verifier = ApiKeyVerifier(file)
    host = AgentHost(
        str.upper, channels=[RestChannel()], authenticator=BearerAuthenticator([verifier])
    )
    async with (
        host,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(host.app), base_url="http://test"
        ) as client,
    ):
        yield client
