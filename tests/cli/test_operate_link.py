"""`agent-host links` against a real server, over a folder in which people were before."""

import asyncio
import json
import re
import stat
from pathlib import Path

import pytest

from agent_host import AgentHost
from agent_host.linking.code_linker import CodeLinker
from agent_host.linking.option import LinkOptions
from agent_host.stores.disk import DiskStateStore
from agent_host.stores.disk_file import DiskFileStore
from tests.cli.operated import Operated
from tests.host.life import WORD, Keeping, found_in, live, owner_of

ALICE = owner_of("alice").isolation_key
MAIL = owner_of("alice", "mail").isolation_key


async def _populate(state: Path) -> None:
    host = AgentHost(
        Keeping(),
        store=DiskStateStore(state),
        files=DiskFileStore(state / "files"),
        linking=LinkOptions(linkers=[CodeLinker()]),
    )
    async with host:
        for name in ("alice", "bob"):
            await live(host, name)


@pytest.fixture
def operated(tmp_path: Path) -> Operated:
    made = Operated(tmp_path)
    asyncio.run(_populate(made.state))
    return made


def test_people_are_listed_shown_parted_handed_out_and_erased(operated: Operated) -> None:
    with operated.served() as server:
        table = operated.said("links", "list")
        assert re.search(rf"^{ALICE} +2 +chat, mail +20\d\d-", table, re.MULTILINE)
        assert len(operated.json("links", "list", "--limit", "1")) == 1
        shown = operated.said("links", "show", ALICE)
        assert re.search(rf"^{MAIL} +mail +bot +native-alice-mail +20\d\d-", shown, re.MULTILINE)
        where = ("--channel", "mail", "--account", "bot", "--native-id", "native-alice-mail")
        assert operated.json("links", "show", *where)["key"] == ALICE

        out = operated.folder / "alice.jsonl"
        operated.said("links", "export", ALICE, "--output", str(out))
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
        lines = out.read_text("utf-8").splitlines()
        assert json.loads(lines[-1]) == {"type": "end", "lines": len(lines) - 2}
        assert operated.said("links", "export", ALICE).splitlines() == lines
        again = operated.command("links", "export", ALICE, "--output", str(out))
        assert (again.returncode, "cannot be made" in again.stderr) == (2, True)
        out.unlink()

        parted = operated.said("links", "unlink", ALICE, MAIL)
        assert "native-alice-mail" not in parted
        refused = operated.command("links", "unlink", ALICE, MAIL)
        assert (refused.returncode, refused.stdout) == (1, "")

        asked = operated.command("links", "forget", ALICE)
        assert (asked.returncode, "--yes" in asked.stderr) == (2, True)
        said = operated.said("links", "forget", ALICE, "--yes")
        assert re.search(r"^ +\d+ +journal$", said, re.MULTILINE)
        receipt = operated.json("links", "forget", MAIL, "--yes")
        assert receipt["erased"]["session"] == 2
        assert "Nothing was kept" in operated.said("links", "forget", ALICE, "--yes")
        assert len(operated.json("links", "receipts")) == 3
        assert receipt["id"] in operated.said("links", "receipts")
        for missing in ("show", "export"):
            assert operated.command("links", missing, ALICE).returncode == 1
        assert server.stop() == 0
    assert found_in(operated.state, f"{WORD}-alice", "native-alice", ALICE, MAIL) == {}
    assert f"person.forget {ALICE}: done" in operated.log.read_text("utf-8")


def test_a_person_is_named_in_one_way(operated: Operated) -> None:
    for arguments in ((), (ALICE, "--native-id", "x"), ("--channel", "mail")):
        done = operated.command("links", "show", *arguments)
        assert (done.returncode, "KEY" in done.stderr) == (2, True)


def test_it_takes_a_running_server(operated: Operated) -> None:
    done = operated.command("links", "list")
    assert (done.returncode, "No server runs" in done.stderr) == (2, True)
