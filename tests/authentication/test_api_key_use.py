"""The day of a key's last use: noted by servers, shown in the list, and never in the way."""

import asyncio
import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from agent_host.authentication.api_key_use import ApiKeyUse
from agent_host.cli.main import main
from tests.authentication.test_api_key_verifier import Keys, open_keys

DAY = date(2026, 1, 1)


async def second(keys: Keys) -> None:
    """Let the verifier look, and note, once."""
    await keys.clock.until_sleeping()
    keys.clock.advance(timedelta(seconds=1))
    await asyncio.sleep(0)
    await keys.clock.until_sleeping()


async def test_a_use_is_noted_once_a_day(tmp_path: Path) -> None:
    async with open_keys(tmp_path) as (keys, key, _):
        use = ApiKeyUse(keys.file.path)
        await second(keys)
        (key_id,) = use.days()
        assert use.days() == {key_id: DAY}
        use.path.unlink()
        await keys.verifier.verify(key)
        await second(keys)
        assert use.days() == {}
        keys.clock.advance(timedelta(days=1))
        await keys.verifier.verify(key)
        await second(keys)
        assert use.days() == {key_id: DAY + timedelta(days=1)}


async def test_what_cannot_be_noted_stops_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    (tmp_path / "keys.used.json").mkdir()
    async with open_keys(tmp_path) as (keys, key, proof):
        for _ in range(3):
            await second(keys)
            assert await keys.verifier.verify(key) is proof
    assert caplog.text.count("is not noted") == 1


def test_several_hosts_note_into_one_file_and_the_latest_day_stays(tmp_path: Path) -> None:
    use = ApiKeyUse(tmp_path / "keys.json")
    known = frozenset({"a", "b"})
    use.note(["a"], DAY + timedelta(days=1), known=known)
    use.note(["a", "b"], DAY, known=known)
    assert use.days() == {"a": DAY + timedelta(days=1), "b": DAY}
    use.note(["b"], DAY, known=frozenset({"b"}))
    assert use.days() == {"b": DAY}


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff"])
def test_notes_that_make_no_sense_are_begun_anew(tmp_path: Path, content: bytes) -> None:
    use = ApiKeyUse(tmp_path / "keys.json")
    use.path.write_bytes(content)
    assert use.days() == {}
    use.note(["a"], DAY, known=frozenset({"a"}))
    assert use.days() == {"a": DAY}


async def test_the_list_shows_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with open_keys(tmp_path) as (keys, _, _):
        await second(keys)
    assert main(["keys", "list", "--json", "--file", str(keys.file.path)]) == 0
    assert [key["last_used_on"] for key in json.loads(capsys.readouterr().out)] == ["2026-01-01"]
