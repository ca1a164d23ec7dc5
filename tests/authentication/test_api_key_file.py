"""The key file: what is kept, who may read it, and that damage never lets anybody in."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agent_host.authentication import api_key_file
from agent_host.authentication.api_key import digest_of, id_of, make_key
from agent_host.authentication.api_key_book import ApiKeyBook, KeyWish
from agent_host.authentication.api_key_file import ApiKeyFile
from agent_host.errors import ConfigurationError

CREATE = """
import sys
from pathlib import Path
from agent_host.authentication.api_key_book import ApiKeyBook, KeyWish
from agent_host.authentication.api_key_file import ApiKeyFile
book = ApiKeyBook(ApiKeyFile(Path(sys.argv[1])))
for number in range(10):
    book.create(KeyWish(name=f"{sys.argv[2]}-{number}"))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "keys.json"


@pytest.fixture
def book(path: Path) -> ApiKeyBook:
    return ApiKeyBook(ApiKeyFile(path))


def test_a_key_has_its_form_and_enough_randomness() -> None:
    keys = {make_key().text for _ in range(100)}
    assert len(keys) == 100
    for key in keys:
        prefix, _, secret = key.split("_")
        assert prefix == "ah"
        assert len(secret) * 5.95 > 128  # bits of 62 characters


def test_a_new_key_does_not_show_itself() -> None:
    key = make_key()
    assert key.text not in repr(key)


@given(st.text())
@example("ah__")
@example("ah_a_b_c")
def test_any_text_has_an_id_or_none(text: str) -> None:
    found = id_of(text)
    assert found is None or text.startswith(f"ah_{found}_")
    assert len(digest_of(text)) == 32


def test_the_secret_is_not_in_the_file(book: ApiKeyBook, path: Path) -> None:
    new, key = book.create(KeyWish(name="laptop"))
    text = path.read_text("utf-8")
    assert new.text not in text
    assert new.text.rpartition("_")[2] not in text
    assert digest_of(new.text).hex() in text
    assert book.keys() == (key,)


@pytest.mark.skipif(os.name != "posix", reason="there are no modes")
def test_nobody_else_may_read_it(book: ApiKeyBook, path: Path) -> None:
    before = os.umask(0)
    try:
        book.create(KeyWish(name="laptop"))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.with_name("keys.json.lock").stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="there are no modes")
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_refused(book: ApiKeyBook, path: Path, mode: int) -> None:
    book.create(KeyWish(name="laptop"))
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        book.keys()


def test_a_file_that_others_may_read_is_taken(book: ApiKeyBook, path: Path) -> None:
    """As mounted secrets often are; there is nothing in it that lets anybody in."""
    book.create(KeyWish(name="laptop"))
    path.chmod(0o644)
    assert len(book.keys()) == 1


def test_without_a_file_it_says_how_to_get_one(book: ApiKeyBook) -> None:
    with pytest.raises(ConfigurationError, match="agent-host keys create"):
        book.keys()


def test_a_folder_is_no_file(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        ApiKeyFile(path).read()


def _content(*, copies: int = 1, **changes: object) -> bytes:
    key = {
        "id": "a",
        "digest": "0" * 64,
        "name": "n",
        "subject": "s",
        "tenant": "t",
        "scopes": ["call"],
        "created_at": "2026-01-01T00:00:00Z",
    }
    return json.dumps({"v": 1, "k": "api_keys", "d": {"keys": [key | changes] * copies}}).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"v":2,"k":"api_keys","d":{"keys":[]}}',
        b'{"v":1,"k":"something","d":{"keys":[]}}',
        b'{"v":1,"k":"api_keys","d":{"keys":[]',
        b'{"v":1,"k":"api_keys","d":{}}',
        _content(digest="0" * 63),
        _content(digest="Z" * 64),
        _content(id=""),
        _content(id="a_b"),
        _content(id=7),
        _content(scopes="call"),
        _content(created_at="2026-01-01T00:00:00"),
        _content(expires_at="2026-01-01T00:00:00"),
        _content(expires_at="soon"),
        _content(surprise=True),
        _content() + b"x",
        _content(copies=2),
    ],
)
def test_a_damaged_or_newer_file_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"Nobody\s+gets in"):
        ApiKeyFile(path).read()
    with pytest.raises(ConfigurationError, match=r"Nobody\s+gets in"):
        ApiKeyBook(ApiKeyFile(path)).create(KeyWish(name="another"))
    assert path.read_bytes() == content


def test_the_samples_of_damage_are_damaged_in_one_place_only(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(_content(expires_at="2026-01-01T00:00:00+01:00", revoked_at=None))
    assert len(ApiKeyFile(path).read()) == 1


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_refused_in_the_same_way(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError):
        ApiKeyFile(file).read()


def test_a_file_that_was_cut_off_anywhere_is_refused(book: ApiKeyBook, path: Path) -> None:
    book.create(KeyWish(name="laptop"))
    whole = path.read_bytes()
    for cut in range(len(whole.rstrip())):
        path.write_bytes(whole[:cut])
        with pytest.raises(ConfigurationError):
            book.keys()


def test_processes_that_write_at_once_lose_nothing(path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", CREATE, str(path), f"writer-{number}"])
        for number in range(3)
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert len(ApiKeyFile(path).read()) == 30
    assert {found.name for found in path.parent.iterdir()} <= {"keys.json", "keys.json.lock"}


def test_a_writer_that_hangs_does_not_stop_the_next_one_for_ever(
    book: ApiKeyBook, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_key_file, "_LOCK_SECONDS", 0)
    book.create(KeyWish(name="laptop"))
    with (
        FileLock(f"{path}.lock"),
        pytest.raises(ConfigurationError, match="Another process"),
    ):
        book.create(KeyWish(name="second"))


def test_what_a_link_leads_to_is_replaced(book: ApiKeyBook, path: Path, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere.json"
    path.parent.mkdir()
    path.symlink_to(real)
    book.create(KeyWish(name="laptop"))
    assert path.is_symlink()
    assert len(ApiKeyFile(real).read()) == 1


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    book: ApiKeyBook, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book.create(KeyWish(name="laptop"))
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigurationError, match="No space left"):
        book.create(KeyWish(name="second"))
    assert path.read_bytes() == before
    assert {found.name for found in path.parent.iterdir()} <= {"keys.json", "keys.json.lock"}


def test_the_stamp_changes_with_the_file(book: ApiKeyBook, path: Path) -> None:
    file = ApiKeyFile(path)
    assert file.stamp() is None
    assert not file.exists()
    book.create(KeyWish(name="one"))
    first = file.stamp()
    assert first == file.stamp()
    book.revoke("one")
    assert file.stamp() != first
