"""Every text that a caller controls, filled with what breaks paths, keys and encodings.

Each request is answered with what is wrong with it or as if the text were harmless; what is stored
under it is its owner's alone; nothing appears in the file system but what the test put there.
"""

import json
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.asgi.edge import exchange
from tests.channels.rest.hosting import CALLER, hosted, speaking_as

HOSTILE = [
    "..",
    ".",
    "../../../../tmp/planted",
    "..\\..\\planted",
    "/etc/passwd",
    "//planted",
    "\\\\server\\share",
    "C:\\planted",
    "c:planted",
    "CON",
    "~/planted",
    "planted\0.txt",
    "%2e%2e%2fplanted",
    "%252e%252e%252fplanted",
    "..%2fplanted",
    "..%c0%afplanted",
    "\uff0e\uff0e\uff0fplanted",
    "planted/",
    "a/b",
    ".hidden",
    " planted ",
    "planted\r\nX-Planted: yes",
    "\u202eplanted",
    "ses_planted",
    "run_planted",
    "iso_planted",
    "7.default.iso_planted",
    "file:///etc/passwd",
    "${HOME}",
    "'; DROP TABLE records; --",
    "\ud800",
    "x" * 10_000,
    "",
]


async def echo(text: str) -> str:
    return text


@pytest.fixture(autouse=True)
def nothing_is_planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    folder = tmp_path / "outer" / "inner"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    before = sorted(tmp_path.rglob("*"))
    yield
    assert sorted(tmp_path.rglob("*")) == before
    assert not Path("/tmp/planted").exists()  # noqa: S108 - where the traversal would lead


@pytest.fixture
async def client(nothing_is_planted: None) -> AsyncGenerator[httpx.AsyncClient]:
    async with hosted(echo) as client:
        yield client
        assert (await post(client, {"input": "still here"})).json()["status"] == "completed"


async def post(client: httpx.AsyncClient, body: Any, **headers: str) -> httpx.Response:
    """Send JSON with escapes, so that even a lone surrogate gets through."""
    content = json.dumps(body, ensure_ascii=True)
    headers = {"content-type": "application/json", **headers}
    return await client.post("/invocations", content=content, headers=headers)


def in_a_header(text: str) -> str:
    """As much of the text as a header can have."""
    return ascii(text)[1:-1].strip()


def assert_harmless(answer: httpx.Response) -> None:
    """Done, or refused with a reason; never a failure of the host."""
    assert answer.status_code < 500, answer.text
    assert "x-planted" not in answer.headers
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] != "internal"


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_sessions_name(client: httpx.AsyncClient, text: str) -> None:
    answer = await post(client, {"input": "mine", "session_id": text})
    assert_harmless(answer)
    if answer.status_code == 200:
        session = answer.json()["session_id"]
        assert session.startswith("ses_")
        assert session != text
        theirs = await post(client, {"input": "x", "session_id": text}, **speaking_as("bob"))
        assert theirs.json()["session_id"] != session
    name = "x-amzn-bedrock-agentcore-runtime-session-id"
    assert_harmless(await post(client, {"input": "mine"}, **{name: in_a_header(text)}))


@pytest.mark.parametrize("text", HOSTILE)
async def test_an_id_in_a_path(client: httpx.AsyncClient, text: str) -> None:
    """Byte by byte, where a client library would clean it first."""
    raw = text.encode("utf-8", "surrogatepass")
    ids = {quote(raw, safe="").encode(), "".join(f"%{byte:02x}" for byte in raw).encode()}
    if text.isascii() and text.isprintable() and " " not in text:
        ids.add(raw)
    for path in [b"/invocations/%b", b"/invocations/%b/events", b"/sessions/%b", b"/%b"]:
        for one in ids:
            head = b"GET %b HTTP/1.1\r\nHost: localhost\r\n%b: alice\r\nConnection: close\r\n\r\n"
            answer = await exchange(str(client.base_url), head % (path % one, CALLER.encode()))
            status = int(answer.split(b" ", 2)[1])
            assert status in ({404} if text else {200, 307, 404}), (path % one, answer)
            assert b"application/problem+json" in answer or status != 404
            assert b"root:" not in answer


@pytest.mark.parametrize("text", HOSTILE)
async def test_an_idempotency_key(client: httpx.AsyncClient, text: str) -> None:
    text = in_a_header(text)
    mine = await post(client, {"input": "mine"}, **{"idempotency-key": text})
    assert_harmless(mine)
    if mine.status_code == 200:
        again = await post(client, {"input": "mine"}, **{"idempotency-key": text})
        assert again.json()["id"] == mine.json()["id"]
        headers = {"idempotency-key": text, **speaking_as("bob")}
        assert (await post(client, {"input": "mine"}, **headers)).json()["id"] != mine.json()["id"]


@pytest.mark.parametrize("text", HOSTILE)
async def test_texts_of_a_body(client: httpx.AsyncClient, text: str) -> None:
    file = {"type": "file", "data": "eA==", "name": text}
    data = {"type": "data", "data": {text: text}}
    for body in (
        {"input": text},
        {"input": [{"role": "user", "parts": [{"type": "text", "text": text}, file]}]},
        {"input": [{"role": "user", "parts": [{"type": "text", "text": "x"}, data]}]},
        {"input": "x", "metadata": {text: text}},
        {"input": "x", "options": {text: text}},
        {"input": "x", "session_id": "s", text: text},
        {"input": {"role": text, "content": text}},
    ):
        for more in ({}, {"background": True}, {"stream": True}):
            assert_harmless(await post(client, {**body, **more}))


@pytest.mark.parametrize("text", HOSTILE)
async def test_an_uploads_name(client: httpx.AsyncClient, text: str) -> None:
    """Sent as it is, where a client library would clean it first."""
    name = text.encode("utf-8", "surrogatepass").replace(b"\r\n", b"%0D%0A")
    parts = [
        b'--b\r\ncontent-disposition: form-data; name="request"\r\n\r\n{"input":"x"}\r\n',
        b'--b\r\ncontent-disposition: form-data; name="file"; filename="%b"\r\n\r\nx\r\n' % name,
        b'--b\r\ncontent-disposition: form-data; name="%b"; filename="f"\r\n\r\nx\r\n' % name,
        b"--b--\r\n",
    ]
    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = await client.post("/invocations", content=b"".join(parts), headers=headers)
    assert_harmless(answer)
