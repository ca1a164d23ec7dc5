"""`/admin/people` and `/admin/person`: ids of everybody, and everything of one who asks for it."""

import json
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from agent_host import AgentHost
from agent_host.linking.code_linker import CodeLinker
from agent_host.linking.option import LinkOptions
from agent_host.stores.disk import DiskStateStore
from agent_host.stores.disk_file import DiskFileStore
from tests.asgi.admin import operated
from tests.host.life import WORD, Keeping, found_in, identity_of, live, owner_of

ALICE = owner_of("alice").isolation_key


@asynccontextmanager
async def lived(folder: Path) -> AsyncGenerator[tuple[AgentHost, httpx.AsyncClient]]:
    """A host where alice and bob were, and an operator of it."""
    async with operated(
        Keeping(),
        store=DiskStateStore(folder / "state"),
        files=DiskFileStore(folder / "files"),
        linking=LinkOptions(linkers=[CodeLinker()]),
    ) as (host, client):
        for name in ("alice", "bob"):
            await live(host, name)
        yield host, client


async def test_people_are_listed_by_pages_and_shown(tmp_path: Path) -> None:
    async with lived(tmp_path) as (_, client):
        first = (await client.get("/admin/people", params={"limit": 1})).json()
        assert first["next_cursor"] == first["people"][0]["key"]
        cursor = first["next_cursor"]
        rest = (await client.get("/admin/people", params={"cursor": cursor})).json()
        keys = {one["key"] for one in (*first["people"], *rest["people"])}
        assert keys == {owner_of(name).isolation_key for name in ("alice", "bob")}
        assert rest["next_cursor"] is None
        shown = (await client.get("/admin/person", params={"key": ALICE})).json()
        assert {one["native_id"] for one in shown["identities"]} == {
            "native-alice-chat",
            "native-alice-mail",
        }
        assert len(shown["partitions"]) == 3
        assert WORD not in json.dumps([first, rest, shown])
        assert (await client.get("/admin/people", params={"tenant": "other"})).json() == {
            "people": [],
            "next_cursor": None,
        }


async def test_somebody_is_found_by_the_platforms_id(tmp_path: Path) -> None:
    async with lived(tmp_path) as (_, client):
        who = identity_of("alice", "mail")
        query = {"channel": "mail", "account": who.account, "native_id": who.native_id}
        assert (await client.get("/admin/person", params=query)).json()["key"] == ALICE
        unseen = await client.get("/admin/person", params={**query, "native_id": "nobody"})
        missing = await client.get("/admin/person", params={"key": "iso_nobody"})
        elsewhere = await client.get("/admin/person", params={"key": ALICE, "tenant": "other"})
        assert unseen.status_code == 404
        assert unseen.content == missing.content == elsewhere.content


async def test_somebody_is_forgotten_with_a_receipt_and_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with lived(tmp_path) as (_, client):
        receipt = (await client.post("/admin/person/forget", params={"key": ALICE})).json()
        assert receipt["erased"]["run"] == 7
        assert (await client.get("/admin/erasures")).json()["erasures"] == [receipt]
        again = (await client.post("/admin/person/forget", params={"key": ALICE})).json()
        assert again["erased"] == {}
        assert (await client.get("/admin/person", params={"key": ALICE})).status_code == 404
        assert found_in(tmp_path, f"{WORD}-alice", ALICE) == {}
    assert f"operator 'admin-7' of tenant 'default' (token): person.forget {ALICE}: done" in (
        caplog.text
    )
    assert f"{WORD}-alice" not in caplog.text
    assert "native-alice" not in caplog.text


async def test_everything_is_handed_out_line_by_line(tmp_path: Path) -> None:
    async with lived(tmp_path) as (_, client):
        answer = await client.get("/admin/person/export", params={"key": ALICE})
        assert answer.headers["content-type"] == "application/jsonl"
        assert answer.headers["cache-control"] == "no-store"
        lines = [json.loads(line) for line in answer.text.splitlines()]
        assert lines[0]["type"] == "person"
        assert lines[-1] == {"type": "end", "lines": len(lines) - 2}
        assert f"{WORD}-alice" in answer.text
        assert f"{WORD}-bob" not in answer.text
        nobody = await client.get("/admin/person/export", params={"key": "iso_nobody"})
        assert (nobody.status_code, nobody.json()["code"]) == (404, "not_found")


async def test_an_identity_is_taken_out_by_its_own_key(tmp_path: Path) -> None:
    async with lived(tmp_path) as (_, client):
        mail = owner_of("alice", "mail").isolation_key
        query: dict[str, str] = {"key": ALICE, "identity": mail}
        left = (await client.post("/admin/person/unlink", params=query)).json()
        assert [one["channel"] for one in left["identities"]] == ["chat"]
        foreign = owner_of("bob", "mail").isolation_key
        query["identity"] = foreign
        refused = await client.post("/admin/person/unlink", params=query)
        query["identity"] = "iso_nobody"
        missing = await client.post("/admin/person/unlink", params=query)
        assert refused.status_code == 404
        assert refused.content == missing.content
        only = {"key": ALICE, "identity": ALICE}
        alone = await client.post("/admin/person/unlink", params=only)
        assert (alone.status_code, alone.json()["code"]) == (400, "not_linked")


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("person", {}, 400),
        ("person", {"key": ""}, 404),
        ("person", {"key": "x" * 513}, 404),
        ("person", {"key": "a\nb"}, 404),
        ("person", {"key": "a", "native_id": "b", "channel": "c"}, 400),
        ("person", {"channel": "c"}, 400),
        ("person", {"key": "a", "other": "b"}, 400),
        ("person", {"key": "a", "tenant": ""}, 400),
        ("people", {"limit": "0"}, 400),
        ("people", {"cursor": "a\x00"}, 400),
        ("erasures", {"cursor": "../"}, 400),
    ],
)
async def test_what_names_nobody_is_refused(path: str, query: dict[str, str], status: int) -> None:
    async with operated(Keeping()) as (_, client):
        assert (await client.get(f"/admin/{path}", params=query)).status_code == status
