"""The file that lets a folder's owner in: whole, private, and never taken on trust."""

import stat
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.authentication.operator_file import (
    PASS_CODEC,
    OperatorFile,
    OperatorPass,
    is_loopback_url,
)
from agent_host.errors import ConfigurationError

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PASS = OperatorPass(url="http://127.0.0.1:8080", token="aho_x", pid=7, started_at=NOW)


def test_it_comes_back_as_it_was_and_is_for_its_owner(tmp_path: Path) -> None:
    file = OperatorFile(tmp_path)
    assert file.read() is None
    file.write(PASS)
    assert file.read() == PASS
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["operator.json"]
    file.remove()
    file.remove()
    assert file.read() is None


def test_the_token_is_in_no_representation() -> None:
    assert "aho_x" not in repr(PASS)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_what_others_can_read_or_write_is_not_trusted(tmp_path: Path, mode: int) -> None:
    file = OperatorFile(tmp_path)
    file.write(PASS)
    file.path.chmod(mode)
    with pytest.raises(ConfigurationError, match="open to other users"):
        file.read()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(PASS_CODEC.encode(PASS))
    (tmp_path / "elsewhere").chmod(0o600)
    (tmp_path / "operator.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        OperatorFile(tmp_path).read()
    OperatorFile(tmp_path).write(PASS)
    assert not (tmp_path / "operator.json").is_symlink()


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1:80", "http://evil.example", "http://127.0.0.1.evil.example", "", "x"]
)
def test_a_token_is_sent_nowhere_else(tmp_path: Path, url: str) -> None:
    file = OperatorFile(tmp_path)
    file.write(OperatorPass(url=url, token="aho_x", pid=7, started_at=NOW))
    with pytest.raises(ConfigurationError, match="away from this machine"):
        file.read()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1"])
def test_what_leads_to_this_machine(url: str) -> None:
    assert is_loopback_url(url)


@given(payload=st.one_of(st.binary(max_size=300), st.text().map(str.encode)))
def test_whatever_else_is_in_it_is_refused_with_a_sentence(payload: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = OperatorFile(Path(folder))
        file.path.write_bytes(payload)
        file.path.chmod(0o600)
        with pytest.raises(ConfigurationError, match="damaged, or was written by another release"):
            file.read()


@pytest.mark.parametrize("version", [0, 2, 99])
def test_another_version_is_refused(tmp_path: Path, version: int) -> None:
    file = OperatorFile(tmp_path)
    file.write(PASS)
    file.path.write_bytes(file.path.read_bytes().replace(b'"v":1', b'"v":%d' % version))
    with pytest.raises(ConfigurationError, match="another release"):
        file.read()
