"""What the store is on: a disk, a network, or memory."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.doctor import mount
from agent_host.doctor.mount import check_mount, find_kind
from tests.doctor.case import said, situation

MOUNTS = r"""22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:30 / /srv rw - tmpfs tmpfs rw
31 22 0:31 / /srv rw shared:2 master:3 - nfs4 nas:/srv rw
32 22 0:32 / /my\040disk rw - cifs //nas/share rw
broken line
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", "ext4"),
        ("/var/lib", "ext4"),
        ("/srv", "nfs4"),
        ("/srv/state", "nfs4"),
        ("/srvs", "ext4"),
        ("/my disk/state", "cifs"),
    ],
)
def test_the_innermost_and_latest_mount_counts(folder: str, kind: str) -> None:
    assert find_kind(MOUNTS, Path(folder)) == kind
    assert find_kind("", Path(folder)) is None


@given(st.text() | st.text(alphabet="- /\\0123456789\nab"))
def test_any_text_is_read(text: str) -> None:
    kind = find_kind(text, Path("/a"))
    assert kind is None or kind in text


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("ext4", "ok"),
        ("overlay", "ok"),
        ("nfs4", "warning: The store is on a network"),
        ("tmpfs", "warning: The store is in memory"),
    ],
)
def test_what_a_store_should_not_be_on_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str, status: str
) -> None:
    (folder / "mounts").write_text(f"1 1 0:1 / / rw - {kind} none rw\n")
    monkeypatch.setattr(mount, "MOUNTS", folder / "mounts")
    assert said(check_mount(situation())).startswith(status)


def test_a_machine_that_does_not_say_is_not_asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mount, "MOUNTS", folder / "gone")
    assert said(check_mount(situation())).startswith("skipped")
    assert said(check_mount(situation(store="memory://"))).startswith("skipped")
