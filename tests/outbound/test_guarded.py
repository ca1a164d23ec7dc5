"""The guarded client against name servers and servers that mean harm."""

import gzip
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from agent_host.errors import ConfigurationError, OutboundError, UnsafeUrlError
from agent_host.outbound.guarded import ADDRESSES_LIMIT, GuardedOutbound
from agent_host.outbound.resolver import SystemResolver
from agent_host.outbound.wire import HEADERS_LIMIT_BYTES
from agent_host.types.outbound import OutboundRequest
from tests.outbound.names import LOOPBACK, PUBLIC, certificate, guarded, raw_place, saying
from tests.outbound.slow import drip, drip_head, go_on_saying_continue, say_nothing

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-One: 1\r\n\r\nhi"


def post(url: str, *, seconds: float = 5, **members: object) -> OutboundRequest:
    limit = timedelta(seconds=seconds)
    return OutboundRequest(url=url, time_limit=limit, **members)  # type: ignore[arg-type]


async def test_an_answer_comes_back_as_it_is() -> None:
    async with raw_place(saying(OK)) as place:
        url = f"http://hooks.test:{place.port}/a?b=c"
        client, names = guarded(allow=[f"http://hooks.test:{place.port}"])
        async with client:
            await client.check(url)
            answer = await client.send(post(url, body=b"{}", headers={"Content-Type": "x/y"}))
    assert (answer.status, answer.body, answer.is_cut) == (200, b"hi", False)
    assert answer.headers == {"content-length": "2", "x-one": "1"}
    head = place.heads[0].decode().lower().split("\r\n")
    assert head[0] == "post /a?b=c http/1.1"
    assert f"host: hooks.test:{place.port}" in head
    assert "accept-encoding: identity" in head
    assert "content-type: x/y" in head
    assert names.asked == ["hooks.test"] * 2  # once to check, once to send


@pytest.mark.parametrize(
    "addresses",
    [
        [LOOPBACK],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        [PUBLIC, LOOPBACK],
        [PUBLIC] * (ADDRESSES_LIMIT + 1),
        ["nonsense"],
    ],
)
async def test_a_name_that_leads_inside_is_refused_now_and_then(addresses: list[str]) -> None:
    client, _ = guarded(addresses)
    with pytest.raises(UnsafeUrlError) as caught:
        await client.check("https://hooks.test/")
    assert not any(address in str(caught.value) for address in addresses)
    with pytest.raises(UnsafeUrlError):
        await client.send(post("https://hooks.test/"))


async def test_a_name_that_turns_inside_after_the_check_is_refused() -> None:
    async with raw_place(saying(OK)) as place:
        client, names = guarded([PUBLIC], [LOOPBACK])
        await client.check("https://hooks.test/")
        with pytest.raises(UnsafeUrlError):
            await client.send(post("https://hooks.test/"))
    assert len(names.asked) == 2
    assert place.heads == []


async def test_the_address_that_was_looked_at_is_the_one_that_is_reached() -> None:
    # The system knows no hooks.test, so nobody but the answer can have led there; and a second
    # question would have got another answer.
    async with raw_place(saying(OK)) as place:
        url = f"http://hooks.test:{place.port}/"
        client, names = guarded([LOOPBACK], ["10.0.0.1"], allow=[url.rstrip("/")])
        assert (await client.send(post(url))).status == 200
    assert names.asked == ["hooks.test"]


async def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    async with raw_place(saying(OK)) as place:
        client, _ = guarded(["127.0.0.2", LOOPBACK], allow=[f"http://hooks.test:{place.port}"])
        assert (await client.send(post(f"http://hooks.test:{place.port}"))).status == 200
    with pytest.raises(OutboundError) as caught:
        await client.send(post(f"http://hooks.test:{place.port}"))
    assert not caught.value.was_sent


@pytest.mark.parametrize("answer", [None, []])
async def test_a_name_that_nobody_knows(answer: list[str] | None) -> None:
    client, _ = guarded(answer)
    with pytest.raises(UnsafeUrlError, match="cannot be found"):
        await client.check("https://hooks.test/")
    with pytest.raises(OutboundError) as caught:
        await client.send(post("https://hooks.test/"))
    assert not caught.value.was_sent


async def test_the_certificate_and_the_name_in_the_handshake_are_the_url_s(tmp_path: Path) -> None:
    trust, authority = certificate(tmp_path, "hooks.test", LOOPBACK)
    async with raw_place(saying(OK), trust=trust) as place:
        allow = [f"hooks.test:{place.port}", f"other.test:{place.port}", f"{LOOPBACK}:{place.port}"]
        client, _ = guarded(allow=allow, ca_file=authority)
        await client.__aenter__()  # reads the authority
        answer = await client.send(post(f"https://hooks.test:{place.port}/"))
        by_address = await client.send(post(f"https://{LOOPBACK}:{place.port}/"))
        with pytest.raises(OutboundError) as other:
            await client.send(post(f"https://other.test:{place.port}/"))
        stranger, _ = guarded(allow=allow)
        with pytest.raises(OutboundError) as unknown:
            await stranger.send(post(f"https://hooks.test:{place.port}/"))
    assert answer.status == by_address.status == 200
    assert place.names[0] == "hooks.test"
    assert len(place.heads) == 2
    assert not other.value.was_sent
    assert not unknown.value.was_sent


async def test_authorities_that_are_none_are_the_operator_s_to_mend(tmp_path: Path) -> None:
    for content in (None, b"nonsense"):
        file = tmp_path / "authority.pem"
        if content is not None:
            file.write_bytes(content)
        client, _ = guarded(allow=["hooks.test:1"], ca_file=file)
        with pytest.raises(ConfigurationError, match=r"outbound\.ca_file"):
            await client.send(post("https://hooks.test:1/"))
        with pytest.raises(ConfigurationError, match=r"outbound\.ca_file"):
            await client.__aenter__()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_is_not_followed(status: int) -> None:
    answer = b"HTTP/1.1 %d Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    async with raw_place(saying(answer % status)) as place:
        client, _ = guarded(allow=[f"http://hooks.test:{place.port}"])
        assert (await client.send(post(f"http://hooks.test:{place.port}"))).status == status
    assert len(place.heads) == 1


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with raw_place(saying(OK)) as place, raw_place(saying(OK)) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        client, _ = guarded(allow=[f"http://hooks.test:{place.port}"])
        await client.send(post(f"http://hooks.test:{place.port}"))
    assert (len(place.heads), len(proxy.heads)) == (1, 0)


async def test_a_large_answer_is_cut_where_its_limit_is() -> None:
    async with raw_place(saying(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1_000_000)) as place:
        client, _ = guarded(allow=[f"http://hooks.test:{place.port}"])
        url = f"http://hooks.test:{place.port}"
        answer = await client.send(post(url, answer_limit_bytes=1000))
        nothing = await client.send(post(url, answer_limit_bytes=0))
    assert (len(answer.body), answer.is_cut) == (1000, True)
    assert (nothing.body, nothing.is_cut) == (b"", True)


async def test_what_comes_packed_stays_packed() -> None:
    bomb = gzip.compress(bytes(10_000_000))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    async with raw_place(saying(head + bomb)) as place:
        client, _ = guarded(allow=[f"http://hooks.test:{place.port}"])
        answer = await client.send(post(f"http://hooks.test:{place.port}"))
    assert answer.body == bomb


@pytest.mark.parametrize("say", [drip, drip_head, say_nothing, go_on_saying_continue])
async def test_the_time_is_for_all_of_it(say: object) -> None:
    async with raw_place(say) as place:  # type: ignore[arg-type]
        client, _ = guarded(allow=[f"http://hooks.test:{place.port}"])
        with pytest.raises(OutboundError, match="in time") as caught:
            await client.send(post(f"http://hooks.test:{place.port}", seconds=0.3))
    assert caught.value.was_sent


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nBad Header: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: %b\r\n" % (b"x" * HEADERS_LIMIT_BYTES) + b"\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
    ],
)
async def test_what_is_no_answer_was_sent_all_the_same(answer: bytes) -> None:
    async with raw_place(saying(answer)) as place:
        client, _ = guarded(allow=[f"http://hooks.test:{place.port}"])
        with pytest.raises(OutboundError) as caught:
            await client.send(post(f"http://hooks.test:{place.port}", seconds=5))
    assert caught.value.was_sent
    assert caught.value.retryable


async def test_a_switch_of_protocols_leads_nowhere() -> None:
    answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhi"
    async with raw_place(saying(answer)) as place:
        client, _ = guarded(allow=[f"http://hooks.test:{place.port}"])
        with pytest.raises(OutboundError):
            await client.send(post(f"http://hooks.test:{place.port}", seconds=1))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Host", "elsewhere.org"),
        ("Transfer-Encoding", "chunked"),
        ("content-length", "1"),
        ("X y", "1"),
        ("X-One", "1\r\nX-Two: 2"),
        ("X-One", " 1"),
        ("X-One", "ü"),
    ],
)
async def test_headers_are_the_sender_s_within_bounds(name: str, value: str) -> None:
    client, names = guarded([PUBLIC])
    with pytest.raises(ValueError, match="header"):
        await client.send(post("https://hooks.test", headers={name: value}))
    with pytest.raises(ValueError, match="method"):
        await client.send(post("https://hooks.test", method="GET /"))
    assert names.asked == []


async def test_the_system_s_names_are_looked_up_off_the_loop() -> None:
    resolver = SystemResolver()
    resolver.close()  # nothing was asked yet
    assert LOOPBACK in await resolver.resolve("localhost", 443)
    async with GuardedOutbound(resolver=resolver) as client:
        with pytest.raises(UnsafeUrlError, match="public"):
            await client.check("https://localhost/")


def test_the_client_is_loaded_by_the_first_request_only() -> None:
    line = (
        "import sys; from agent_host import AgentHost; from agent_host_rest import RestChannel;"
        "AgentHost(lambda text: text, channels=[RestChannel()]);"
        "assert not {'httpx', 'httpcore', 'certifi'} & set(sys.modules), 'loaded too early'"
    )
    subprocess.run([sys.executable, "-c", line], check=True)
