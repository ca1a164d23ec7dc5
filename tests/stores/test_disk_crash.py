"""`kill -9` of a process that commits: what was acknowledged is there, the rest whole or not."""

import subprocess
import sys
from pathlib import Path

from agent_host.types.store import Key
from tests.stores.committing_child import CALLERS
from tests.stores.disk_fixture import disk_store

ROOT = Path(__file__).parents[2]
CYCLES = 4
LINES_PER_CYCLE = 400


def _killed_in_mid_commit(folder: Path, lines: int) -> list[str]:
    """What a child said before it was killed, which was while all its callers had commits open."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.stores.committing_child", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(lines)]
        child.kill()
        said += child.stdout.readlines()
    return [line for line in said if line.endswith("\n")]


async def test_nothing_acknowledged_is_lost_and_nothing_is_half_done(tmp_path: Path) -> None:
    acknowledged = dict.fromkeys(map(str, range(CALLERS)), 0)
    for cycle in range(CYCLES):
        for line in _killed_in_mid_commit(tmp_path, LINES_PER_CYCLE + 37 * cycle):
            name, number = line.split()
            assert int(number) >= acknowledged[name]
            acknowledged[name] = int(number) + 1
        async with disk_store(tmp_path) as store:
            for name, count in acknowledged.items():
                entries: list[bytes] = []
                while page := await store.read(Key("stream", "p", name), start=len(entries)):
                    entries += page.entries
                    if len(entries) == page.length:
                        break
                ids: list[str] = []
                while found := await store.scan(
                    "record", name, after=ids[-1] if ids else None, limit=1000
                ):
                    ids += [one.key.id for one in found]
                # One more than was acknowledged may have been done: its caller never heard.
                assert count <= len(entries) <= count + 1
                assert entries == [b"%d" % number for number in range(len(entries))]
                assert ids == [f"{number:08}" for number in range(len(entries))]
                acknowledged[name] = len(entries)
            assert (await store.inspect()).problems == ()
    assert sum(acknowledged.values()) >= CYCLES * LINES_PER_CYCLE
