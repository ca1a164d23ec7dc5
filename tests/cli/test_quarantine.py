"""`agent-host quarantine` over a folder where something was set aside."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent_host.cli.main import main
from agent_host.host.record.session_record import HISTORY, MESSAGE_CODEC, NAMES
from agent_host.stores.disk import DiskStateStore
from agent_host.stores.disk_folder import DEFAULT_FOLDER
from agent_host.types import Message
from agent_host.types.store import HOLE, Append, Key, Put, SetAside, SetAsideEntry

GOOD = Key(NAMES, "p", "plum-tomato")
BAD = Key(NAMES, "p", "bad")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def fill(store: DiskStateStore) -> None:
        await store.commit([Put(GOOD, b"ses_1"), Put(BAD, b"\xff\xfe")])
        await store.commit([SetAside(GOOD, 1, "newer_record"), SetAside(BAD, 1, "damaged")])

    on_store(fill)


def on_store(work: Callable[[DiskStateStore], Coroutine[Any, Any, None]]) -> None:
    async def do() -> None:
        async with DiskStateStore(DEFAULT_FOLDER, lock_wait=timedelta()) as store:
            await work(store)

    asyncio.run(do())


def listed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    assert main(["quarantine", "list", "--json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_the_list_says_what_and_when_and_no_names(capsys: pytest.CaptureFixture[str]) -> None:
    found = listed(capsys)
    assert [(one["number"], one["collection"], one["code"], one["bytes"]) for one in found] == [
        (1, NAMES, "newer_record", 5),
        (2, NAMES, "damaged", 2),
    ]
    assert main(["quarantine", "list"]) == 0
    table = capsys.readouterr().out
    assert "newer_record" in table
    assert "plum-tomato" not in table


def test_an_entry_is_listed_with_its_place_shown_and_put_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    history = Key(HISTORY, "p", "ses_1")
    good = MESSAGE_CODEC.encode(Message.user("hello"))

    async def fill(store: DiskStateStore) -> None:
        await store.commit([Append(history, (b"?", good))])
        await store.commit([SetAsideEntry(history, 0, b"?", "unreadable_record")])
        await store.commit([SetAsideEntry(history, 1, good, "newer_record")])

    on_store(fill)
    found = listed(capsys)
    assert [(one["collection"], one["position"]) for one in found] == [
        (NAMES, None),
        (NAMES, None),
        (HISTORY, 0),
        (HISTORY, 1),
    ]
    assert main(["quarantine", "show", "3"]) == 0
    assert capsys.readouterr().out == "?"
    assert main(["quarantine", "restore", "3", "--json"]) == 1
    assert main(["quarantine", "restore", "4", "--json"]) == 0

    async def look(store: DiskStateStore) -> None:
        assert (await store.read(history)).entries == (HOLE, good)

    on_store(look)


def test_bytes_are_shown_as_they_are(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["quarantine", "show", "2"]) == 0
    assert capsysbinary.readouterr().out == b"\xff\xfe"
    assert main(["quarantine", "show", "3"]) == 1
    assert b"nothing is set aside under 3" in capsysbinary.readouterr().err


def test_what_can_be_read_is_put_back_and_the_rest_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["quarantine", "restore", "--all", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"put_back": 1, "unreadable": 1}
    assert [one["number"] for one in listed(capsys)] == [2]
    assert main(["quarantine", "restore", "1", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"put_back": 0, "missing": 1}

    async def look(store: DiskStateStore) -> None:
        record = await store.get(GOOD)
        assert record is not None
        assert record.value == b"ses_1"

    on_store(look)


def test_what_is_old_is_purged(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quarantine", "purge", "--all", "--older-than", "1d", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"purged": 0}
    assert main(["quarantine", "purge", "1"]) == 0
    assert main(["quarantine", "purge", "1"]) == 1
    assert main(["quarantine", "purge", "--all", "--json"]) == 0
    capsys.readouterr()
    assert listed(capsys) == []


def test_a_host_that_serves_is_not_disturbed(capsys: pytest.CaptureFixture[str]) -> None:
    async def meanwhile(_: DiskStateStore) -> None:
        assert await asyncio.to_thread(main, ["quarantine", "list"]) == 2

    on_store(meanwhile)
    assert "in use" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("store", "said"), [("memory://", "no folder"), ("disk://elsewhere", "no store in elsewhere")]
)
def test_there_must_be_a_folder(
    store: str, said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["quarantine", "list", "--store", store]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "elsewhere").exists()
