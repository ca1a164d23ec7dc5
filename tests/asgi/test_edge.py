"""Who may address the host, from which page, and whose word about others is taken."""

import logging
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from agent_host.asgi.edge import Edge
from agent_host.asgi.edge_policy import EdgePolicy, IsolationSource
from agent_host.asgi.edge_rule import EdgeRules
from agent_host.asgi.forwarded import ForwardedFamily
from agent_host.context import current_isolation
from agent_host.errors import ConfigurationError
from agent_host.types import IsolationKeys

Header = tuple[str, str]
LOOPBACK = ("127.0.0.1", 8080)
ELSEWHERE = ("10.0.0.5", 8080)
PROXY = ("10.9.9.9", 5000)
STRANGER = ("192.0.2.66", 5000)
USER, CHAT = "x-agent-user-isolation-key", "x-agent-chat-isolation-key"


class Visit:
    """One request through an edge: what the application saw, and what was answered."""

    def __init__(self) -> None:
        self.scope: Scope | None = None
        self.isolation: IsolationKeys | None = None
        self.sent: list[Message] = []

    @property
    def status(self) -> int:
        """Of the answer, or of the websocket's close code."""
        first = self.sent[0]
        status: int = first["status"] if "status" in first else first["code"] - 4000
        return status

    @property
    def body(self) -> bytes:
        body: bytes = self.sent[-1].get("body", b"")
        return body or self.sent[-1].get("reason", "").encode()

    def answered(self, name: str) -> str | None:
        """A header of the answer."""
        found = [value for key, value in self.sent[0].get("headers", ()) if key == name.encode()]
        return b", ".join(found).decode() if found else None

    def got(self, name: str) -> list[str]:
        """A header as the application saw it."""
        assert self.scope is not None
        return [value.decode() for key, value in self.scope["headers"] if key == name.encode()]


async def visit(
    policy: EdgePolicy | None = None,
    *headers: Header,
    method: str = "GET",
    kind: str = "http",
    server: tuple[str, int | None] | None = LOOPBACK,
    client: tuple[str, int] | None = STRANGER,
    rules: EdgeRules | None = None,
    **rest: Any,
) -> Visit:
    """Send one request."""
    seen = Visit()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        seen.scope, seen.isolation = scope, current_isolation.get()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"in"})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        seen.sent.append(message)

    scope: Scope = {
        "type": kind,
        "path": "/",
        "query_string": b"",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        "server": server,
        "client": client,
        "scheme": "http" if kind == "http" else "ws",
        **({"method": method} if kind == "http" else {}),
        **rest,
    }
    await Edge(app, rules or EdgeRules(policy or EdgePolicy()))(scope, receive, send)
    return seen


def host(name: str) -> Header:
    return ("host", name)


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("server", [LOOPBACK, ("::1", 8080), ("::ffff:127.0.0.1", 8080)])
@pytest.mark.parametrize(
    "name", ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080", "localhost.:1"]
)
async def test_loopback_answers_to_loopback(
    kind: str, server: tuple[str, int | None], name: str
) -> None:
    assert (await visit(None, host(name), kind=kind, server=server)).status == 200


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "headers",
    [
        [],
        [host("")],
        [host("evil.example")],
        [host("evil.example:8080")],
        [host("localhost.evil.example")],
        [host("localhost@evil.example")],
        [host("127.0.0.1.evil.example")],
        [host("0.0.0.0:8080")],
        [host("10.0.0.5")],
        [host("[::1%25lo]")],
        [host("localhost"), host("localhost")],
        [host("localhost"), host("evil.example")],
    ],
)
async def test_a_name_that_was_rebound_to_loopback_gets_nowhere(
    kind: str, headers: Sequence[Header], caplog: pytest.LogCaptureFixture
) -> None:
    """The attacker's page reaches 127.0.0.1 under a name of the attacker's own."""
    refused = await visit(None, *headers, kind=kind)
    assert (refused.status, refused.scope) == (400, None)
    assert b"untrusted_host" in refused.body
    assert b"allowed_hosts" not in refused.body
    assert "server.allowed_hosts" in caplog.text
    assert "evil" not in caplog.text


@pytest.mark.parametrize("server", [None, ("test", None), ELSEWHERE])
async def test_what_does_not_come_over_loopback_may_say_any_name(server: Any) -> None:
    assert (await visit(None, host("agent.internal"), server=server)).status == 200
    assert (await visit(None, server=server)).status == 200


async def test_a_list_of_names_counts_everywhere() -> None:
    policy = EdgePolicy(allowed_hosts=("agent.example", "*.agent.example"))
    for server in (LOOPBACK, ELSEWHERE):
        assert (await visit(policy, host("agent.example:443"), server=server)).status == 200
        assert (await visit(policy, host("a.agent.example"), server=server)).status == 200
        assert (await visit(policy, host("evil.example"), server=server)).status == 400
        assert (await visit(policy, server=server)).status == 400


async def test_health_checks_by_address_need_no_entry_in_the_list() -> None:
    policy = EdgePolicy(allowed_hosts=("agent.example",))
    assert (await visit(policy, host("127.0.0.1:8080"))).status == 200
    assert (await visit(policy, host("10.0.0.5:8080"), server=ELSEWHERE)).status == 200
    assert (await visit(policy, host("10.0.0.6:8080"), server=ELSEWHERE)).status == 400
    assert (await visit(policy, host("localhost"), server=ELSEWHERE)).status == 400


async def test_a_verdict_that_is_remembered_is_for_its_own_door() -> None:
    rules = EdgeRules(EdgePolicy())
    for _ in range(2):
        assert (await visit(None, host("any"), server=ELSEWHERE, rules=rules)).status == 200
        assert (await visit(None, host("any"), server=LOOPBACK, rules=rules)).status == 400
    for number in range(3000):
        await visit(None, host(f"n{number}"), server=ELSEWHERE, rules=rules)
    assert rules.admits.cache_info().currsize <= 1024


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://localhost:3000",
        "https://localhost",
        "file://",
        "",
        "é",
    ],
)
async def test_a_page_of_another_origin_changes_nothing(
    method: str, origin: str, caplog: pytest.LogCaptureFixture
) -> None:
    refused = await visit(None, host("localhost:8080"), ("origin", origin), method=method)
    assert (refused.status, refused.scope) == (403, None)
    assert b"untrusted_origin" in refused.body
    assert refused.answered("access-control-allow-origin") is None
    assert "server.allowed_origins" in caplog.text


@pytest.mark.parametrize("origin", ["http://evil.example", "null"])
async def test_a_page_of_another_origin_opens_no_websocket(origin: str) -> None:
    refused = await visit(None, host("localhost"), ("origin", origin), kind="websocket")
    assert (refused.status, refused.scope) == (403, None)
    denied = await visit(
        None,
        host("localhost"),
        ("origin", origin),
        kind="websocket",
        extensions={"websocket.http.response": {}},
    )
    assert denied.sent[0]["type"] == "websocket.http.response.start"
    assert (denied.status, denied.scope) == (403, None)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_what_changes_nothing_is_answered_and_kept_from_the_page(method: str) -> None:
    seen = await visit(None, host("localhost"), ("origin", "http://evil.example"), method=method)
    assert seen.status == 200
    assert seen.answered("access-control-allow-origin") is None


@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_the_hosts_own_pages_may(kind: str) -> None:
    own = ("origin", "http://localhost:8080")
    seen = await visit(None, host("localhost:8080"), own, kind=kind, method="POST")
    assert seen.status == 200
    doubled = await visit(None, host("localhost:8080"), own, own, kind=kind, method="POST")
    assert doubled.status == 403


async def test_a_listed_origin_may_call_and_read() -> None:
    policy = EdgePolicy(allowed_origins=("https://app.example",))
    origin = ("origin", "https://app.example")
    seen = await visit(policy, host("localhost"), origin, method="POST")
    assert seen.status == 200
    assert seen.answered("access-control-allow-origin") == "https://app.example"
    assert seen.answered("access-control-allow-credentials") is None
    assert seen.answered("vary") == "Origin"
    assert (await visit(policy, host("localhost"), origin, kind="websocket")).status == 200


async def test_a_browser_that_asks_first_is_answered_by_the_list() -> None:
    policy = EdgePolicy(allowed_origins=("https://app.example",))
    asks = [
        host("localhost"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization, idempotency-key"),
    ]
    yes = await visit(policy, *asks, ("origin", "https://app.example"), method="OPTIONS")
    assert (yes.status, yes.scope) == (204, None)
    assert yes.answered("access-control-allow-origin") == "https://app.example"
    assert yes.answered("access-control-allow-headers") == "authorization, idempotency-key"
    assert "POST" in (yes.answered("access-control-allow-methods") or "")
    no = await visit(policy, *asks, ("origin", "https://evil.example"), method="OPTIONS")
    assert (no.status, no.scope) == (403, None)
    assert no.answered("access-control-allow-origin") is None


async def test_the_client_behind_a_trusted_proxy_is_known() -> None:
    policy = EdgePolicy(trusted_proxies=("10.0.0.0/8",), allowed_hosts=("agent.example",))
    seen = await visit(
        policy,
        host("agent.example"),
        ("x-forwarded-for", "6.6.6.6, 192.0.2.1"),
        ("x-forwarded-for", "10.1.1.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "Agent.example:444"),
        client=PROXY,
        server=ELSEWHERE,
    )
    assert seen.scope is not None
    assert (seen.scope["client"], seen.scope["scheme"]) == (("192.0.2.1", 0), "https")
    assert seen.got("host") == ["agent.example:444"]
    socket = await visit(
        policy,
        host("agent.example"),
        ("x-forwarded-proto", "https"),
        client=PROXY,
        server=ELSEWHERE,
        kind="websocket",
    )
    assert socket.scope is not None
    assert (socket.scope["scheme"], socket.scope["client"]) == ("wss", PROXY)


async def test_a_stranger_speaks_for_nobody() -> None:
    policy = EdgePolicy(trusted_proxies=("10.0.0.0/8",))
    said = [
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "bank.example"),
        ("forwarded", "for=127.0.0.1;proto=https"),
    ]
    for chosen in (policy, EdgePolicy()):
        seen = await visit(chosen, host("a.example"), *said, server=ELSEWHERE)
        assert seen.scope is not None
        assert (seen.scope["client"], seen.scope["scheme"]) == (STRANGER, "http")
        assert seen.got("host") == ["a.example"]


async def test_a_header_that_the_proxies_do_not_write_is_the_clients_own() -> None:
    standard = ("forwarded", "for=192.0.2.1;proto=https")
    usual = ("x-forwarded-for", "192.0.2.2")
    client = {}
    for family in ForwardedFamily:
        policy = EdgePolicy(trusted_proxies=("10.0.0.0/8",), forwarded_headers=family)
        seen = await visit(policy, standard, usual, server=ELSEWHERE, client=PROXY)
        assert seen.scope is not None
        client[family] = seen.scope["client"][0]
    assert client == {"x-forwarded": "192.0.2.2", "forwarded": "192.0.2.1"}


async def test_no_forwarded_host_gets_a_rebound_name_in() -> None:
    """The page runs beside a proxy that is trusted: its requests come from a trusted address."""
    policy = EdgePolicy(trusted_proxies=("127.0.0.1",))
    local = ("127.0.0.1", 5000)
    said = ("x-forwarded-host", "localhost")
    assert (await visit(policy, host("evil.example"), said, client=local)).status == 400
    there = ("x-forwarded-host", "evil.example")
    assert (await visit(policy, host("localhost"), there, client=local)).status == 400
    bad = ("x-forwarded-host", "local host")
    listed = EdgePolicy(trusted_proxies=("10.0.0.0/8",))
    assert (await visit(listed, bad, client=PROXY, server=ELSEWHERE)).status == 400


async def test_isolation_headers_of_a_stranger_are_gone() -> None:
    said = [host("localhost"), (USER, "bob"), (CHAT, "c1")]
    policies = [
        EdgePolicy(),
        EdgePolicy(trusted_proxies=("10.0.0.0/8",)),
        EdgePolicy(trusted_proxies=("10.0.0.0/8",), isolation=IsolationSource.PROXIES),
    ]
    for policy in policies:
        for kind in ("http", "websocket"):
            seen = await visit(policy, *said, ("x-forwarded-for", "10.0.0.1"), kind=kind)
            assert seen.status == 200
            assert seen.isolation is None
            assert seen.got(USER) == seen.got(CHAT) == []


@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_isolation_headers_of_a_trusted_proxy_and_of_a_platform_count(kind: str) -> None:
    proxies = EdgePolicy(trusted_proxies=("10.0.0.0/8",), isolation=IsolationSource.PROXIES)
    platform = EdgePolicy(isolation=IsolationSource.PLATFORM)
    for policy, client in ((proxies, PROXY), (platform, STRANGER), (platform, None)):
        said = [host("localhost"), (USER, "u1"), (CHAT, "c1")]
        seen = await visit(policy, *said, client=client, kind=kind)
        assert seen.isolation == IsolationKeys(user="u1", chat="c1")
        seen = await visit(policy, host("localhost"), (USER, "u1"), client=client, kind=kind)
        assert seen.isolation == IsolationKeys(user="u1")
        seen = await visit(policy, host("localhost"), client=client, kind=kind)
        assert seen.isolation is None
    assert current_isolation.get() is None


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("name", [USER, CHAT])
@pytest.mark.parametrize("key", ["", " ", "a b", "é", "\x7f", "a\tb", "x" * 257])
async def test_a_key_that_is_none_is_refused_and_not_left_out(
    kind: str, name: str, key: str
) -> None:
    """Left out, the request would run where everybody's requests without a key run."""
    policy = EdgePolicy(isolation=IsolationSource.PLATFORM)
    seen = await visit(policy, host("localhost"), (name, key), kind=kind)
    assert (seen.status, seen.scope) == (400, None)
    assert b"invalid_isolation_key" in seen.body


async def test_a_doubled_key_is_refused() -> None:
    policy = EdgePolicy(isolation=IsolationSource.PLATFORM)
    seen = await visit(policy, host("localhost"), (USER, "a"), (USER, "a"))
    assert (seen.status, seen.scope) == (400, None)


def test_isolation_headers_from_proxies_need_proxies() -> None:
    with pytest.raises(ConfigurationError, match=r"server\.trusted_proxies"):
        EdgeRules(EdgePolicy(isolation=IsolationSource.PROXIES))


async def test_headers_are_counted() -> None:
    policy = EdgePolicy(header_count_limit=3)
    more = [(f"x-{number}", "") for number in range(3)]
    assert (await visit(policy, host("localhost"), *more[:2])).status == 200
    seen = await visit(policy, host("localhost"), *more)
    assert (seen.status, seen.scope) == (431, None)
    assert b"too_many_headers" in seen.body


async def test_a_client_that_left_is_told_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def send(message: Message) -> None:
        del message
        raise BrokenPipeError

    async def app(*_: Any) -> Any:
        raise AssertionError

    scope: Scope = {"type": "http", "method": "GET", "headers": [], "server": LOOPBACK}
    await Edge(app, EdgeRules(EdgePolicy()))(scope, app, send)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
