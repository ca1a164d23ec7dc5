"""Files over REST: named in answers, downloaded by their owner, never shown as a page."""

from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.stores.memory_file import MemoryFileStore
from agent_host.types import FilePart, PartAdded, RunEvent, Turn
from agent_host_rest.outbound import file_headers
from tests.channels.rest.hosting import hosted, speaking_as

PAGE: Final = b"<script>alert(1)</script>" * 50_000


async def draw(turn: Turn) -> AsyncIterator[RunEvent]:
    """Answers with a page, if it is asked to."""
    if turn.text != "draw":
        return
    yield PartAdded(part=FilePart(media_type="text/html", data=PAGE, name="Über\n uns.html"))


async def file_of(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = (await client.post("/invocations", json={"input": "draw"})).json()
    part: dict[str, Any] = answer["messages"][0]["parts"][0]
    return part


async def test_a_file_is_downloaded_whole_and_as_an_attachment() -> None:
    async with hosted(draw) as client:
        part = await file_of(client)
        response = await client.get(f"/files/{part['id']}")
        head = await client.head(f"/files/{part['id']}")
    assert response.status_code == 200
    assert response.content == PAGE
    for headers in (response.headers, head.headers):
        assert headers["content-type"] == "text/html"
        assert headers["content-length"] == str(len(PAGE))
        assert headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in headers["content-security-policy"]
        assert headers["content-disposition"] == (
            "attachment; filename=\"_ber_ uns.html\"; filename*=UTF-8''%C3%9Cber_%20uns.html"
        )
    assert head.content == b""


async def test_a_foreign_file_is_answered_as_a_missing_one() -> None:
    async with hosted(draw) as client:
        part = await file_of(client)
        foreign = await client.get(f"/files/{part['id']}", headers=speaking_as("bob"))
        missing = await client.get("/files/fil_none", headers=speaking_as("bob"))
    assert foreign.status_code == missing.status_code == 404
    assert foreign.json() == missing.json()


@pytest.mark.parametrize("asked", ["fil_", "..%2F..%2Fetc%2Fpasswd", "%00", "a" * 4000])
async def test_any_text_may_be_asked_for(asked: str) -> None:
    async with hosted(draw) as client:
        assert (await client.get(f"/files/{asked}")).status_code == 404


async def test_a_file_that_is_gone_is_said_to_be() -> None:
    async with hosted(draw, files=MemoryFileStore(limit_bytes=len(PAGE) + 1000)) as client:
        answer = (await client.post("/invocations", json={"input": "draw"})).json()
        await client.post(
            "/invocations",
            files={"file": ("b.bin", b"\0" * 100_000, "a/b")},
            data={"request": '{"input": "x"}'},
        )
        (part,) = (await client.get(f"/invocations/{answer['id']}")).json()["messages"][0]["parts"]
        gone = await client.get(f"/files/{part['metadata']['id']}")
        echoed = await client.post(
            "/invocations", json={"input": [{"role": "assistant", "parts": [part]}, "go on"]}
        )
    assert (part["type"], part["code"]) == ("error", "file_gone")
    assert part["metadata"]["media_type"] == "text/html"
    assert part["metadata"]["size_bytes"] == len(PAGE)
    assert gone.status_code == 404
    assert echoed.status_code == 200


@given(st.text(max_size=20), st.none() | st.text(st.characters(), max_size=40))
def test_headers_hold_whatever_a_file_is_called(media_type: str, name: str | None) -> None:
    headers = dict(file_headers(media_type=media_type, name=name, size_bytes=1))
    assert headers[b"content-disposition"].startswith(b"attachment")
    for value in headers.values():
        assert value.isascii()
        assert not set(value) & set(b"\r\n\0")
    assert headers[b"content-disposition"].count(b'"') in (0, 2)
    assert b"/" in headers[b"content-type"]
