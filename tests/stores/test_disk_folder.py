"""The disk store's folder: what URLs name it, and what is too dangerous to be one."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.errors import ConfigurationError, StoreUnavailableError
from agent_host.stores.disk import DiskStateStore
from agent_host.stores.disk_folder import folder_of_url
from agent_host.stores.disk_report import read_report
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.store_fixture import key
from agent_host.testing.store_record_suite import HOSTILE_TEXTS
from agent_host.types.store import Append, Key, Put, SetAside
from tests.stores.disk_fixture import NO_WAIT, disk_store


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("disk://", ".agent-host"),
        ("disk://.agent-host", ".agent-host"),
        ("disk://a/b", "a/b"),
        ("disk:///var/lib/agent-host", "/var/lib/agent-host"),
        ("disk:///with space/%20", "/with space/%20"),
    ],
)
def test_a_url_names_a_folder(url: str, folder: str) -> None:
    assert folder_of_url(url) == Path(folder)


@pytest.mark.parametrize(
    "url", ["disk:/x", "disk", "", "redis://x", "disk:///a?b", "disk:///a#b", "disk:///a\0b"]
)
def test_any_other_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="disk:///"):
        DiskStateStore.from_url(url)


@given(st.text(alphabet=st.characters(exclude_characters="?#\0"), min_size=1))
def test_a_path_is_taken_as_it_stands(text: str) -> None:
    assert folder_of_url(f"disk://{text}") == Path(text)


def test_the_memory_store_takes_no_more_than_its_scheme() -> None:
    assert not MemoryStateStore.from_url("memory://").durable
    with pytest.raises(ConfigurationError, match="memory://"):
        MemoryStateStore.from_url("memory://x")


async def test_making_one_touches_nothing(tmp_path: Path) -> None:
    DiskStateStore(tmp_path / "new")
    assert _modes(tmp_path) == {}


def _modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}


async def test_only_its_owner_may_look_inside(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        folder = tmp_path / "deep" / "state"
        async with disk_store(folder) as store:
            await store.commit([Put(key("a"), b"")])
            modes = _modes(folder)
    finally:
        os.umask(umask)
    assert modes == dict.fromkeys(("lock", "state.db", "state.db-shm", "state.db-wal"), 0o600)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_what_was_opened_to_others_is_closed(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir(mode=0o755)
    for _ in range(2):
        async with disk_store(empty):
            assert stat.S_IMODE(empty.stat().st_mode) == 0o700
            assert set(_modes(empty).values()) == {0o600}
        empty.chmod(0o755)
        (empty / "state.db").chmod(0o644)


async def _check_refused(folder: Path, match: str) -> None:
    before = sorted(folder.parent.rglob("*"))
    with pytest.raises(ConfigurationError, match=match):
        await DiskStateStore(folder, lock_wait=NO_WAIT).__aenter__()
    assert sorted(folder.parent.rglob("*")) == before


async def test_somebodys_open_folder_is_not_taken_over(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o755)
    (folder / "diary.txt").write_text("dear diary")
    await _check_refused(folder, "chmod 700")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


async def test_links_and_files_are_refused(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir(mode=0o700)
    link = tmp_path / "link"
    link.symlink_to(real)
    await _check_refused(link, "symbolic link")
    file = tmp_path / "file"
    file.touch()
    await _check_refused(file, "not a folder")
    with pytest.raises(ConfigurationError, match="not a folder"):
        await disk_store(file / "below").__aenter__()


@pytest.mark.parametrize("name", ["lock", "state.db", "state.db-wal", "state.db-shm"])
async def test_a_planted_link_is_not_followed(tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    (folder / name).symlink_to(victim)
    with pytest.raises(ConfigurationError, match="symbolic link"):
        await disk_store(folder).__aenter__()
    assert victim.read_text() == "precious"


async def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.db").mkdir()
    with pytest.raises(ConfigurationError, match="not a plain file"):
        await disk_store(tmp_path).__aenter__()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
async def test_somebody_elses_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o700)
    os.chown(folder, 65534, -1)
    await _check_refused(folder, "somebody else")


async def test_keys_never_become_paths(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    async with disk_store(folder) as store:
        for text in HOSTILE_TEXTS:
            name = Key(text, text, text)
            await store.commit([Put(name, b""), Append(name, (b"",))])
            assert await store.get(name) is not None
            await store.commit([SetAside(name, 1, "test")])
    assert set(_modes(tmp_path)) == {"state", "lock", "state.db"}


async def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="cannot be made"):
        await disk_store(tmp_path / ("x" * 300)).__aenter__()


def test_a_report_needs_a_store(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match=r"state\.db is missing"):
        read_report(tmp_path)
    assert list(tmp_path.iterdir()) == []
