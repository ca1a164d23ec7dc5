"""Both stores of file bytes keep the contract."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.protocols.file_store import FileStore
from agent_host.stores.disk_file import DiskFileStore
from agent_host.stores.file_digest import file_id_of, is_file_id
from agent_host.stores.memory_file import MemoryFileStore
from agent_host.testing.file_store_suite import FILE_LIMIT_BYTES, LIMIT_BYTES, FileStoreSuite
from agent_host.types import FileContent, IsolationKey, Owner


class TestMemoryFileStore(FileStoreSuite):
    def make_store(self) -> AbstractAsyncContextManager[FileStore]:
        return MemoryFileStore(limit_bytes=LIMIT_BYTES, file_limit_bytes=FILE_LIMIT_BYTES)


class TestDiskFileStore(FileStoreSuite):
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> Path:
        self.path = tmp_path / "state" / "files"
        return self.path

    def make_store(self) -> AbstractAsyncContextManager[FileStore]:
        return DiskFileStore(self.path, limit_bytes=LIMIT_BYTES, file_limit_bytes=FILE_LIMIT_BYTES)


texts = st.text(max_size=6)
owners = st.builds(
    Owner, tenant=st.sampled_from(["", "1", "1.1"]), isolation_key=texts.map(IsolationKey)
)
files = st.builds(
    FileContent,
    media_type=texts,
    data=st.binary(max_size=6),
    name=st.none() | st.text(st.characters(), max_size=6),
)


@given(owners, files, owners, files)
def test_two_files_never_share_an_id(
    owner: Owner, file: FileContent, other_owner: Owner, other: FileContent
) -> None:
    same = (owner.partition, file) == (other_owner.partition, other)
    assert (file_id_of(owner, file) == file_id_of(other_owner, other)) == same
    assert is_file_id(file_id_of(owner, file))
