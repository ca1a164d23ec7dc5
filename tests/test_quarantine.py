"""Reading records of which one cannot be made sense of, in stores that take it well or badly."""

import logging
from collections.abc import Sequence

import pytest

from agent_host.codec import VersionedCodec
from agent_host.quarantine import decode_text, make_out_all, read_record
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.store_double import SeverableStore
from agent_host.testing.store_fixture import key
from agent_host.types.store import Lease, Put, Record, SetAside, Write

NUMBERS: VersionedCodec[int] = VersionedCodec("test_number", 2, int)
NEWER = b'{"v":3,"k":"test_number","d":{}}'


def number_of(record: Record) -> int:
    return NUMBERS.decode(record.value)


class SharedStore(MemoryStateStore):
    @property
    def shared(self) -> bool:
        return True


class RefusingStore(SeverableStore):
    """Another change comes in between, or the store is gone by then."""

    def __init__(self, store: MemoryStateStore, *, changes: bool) -> None:
        super().__init__(store)
        self._changes = changes

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        if isinstance(writes[0], SetAside):
            if self._changes:
                await super().commit([Put(writes[0].key, NUMBERS.encode(7))])
            else:
                self.cut = True
        return await super().commit(writes, fence=fence)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (NEWER, "newer_record"),
        (NEWER.replace(b"3", b"1"), "unreadable_record"),
        (b"\xff", "unreadable_record"),
    ],
)
async def test_it_is_told_once_and_without_what_people_chose(
    value: bytes, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with MemoryStateStore() as store:
        await store.commit([Put(key("plum-tomato"), value), Put(key("z"), NUMBERS.encode(1))])
        assert await read_record(store, key("plum-tomato"), number_of) is None
        assert await read_record(store, key("plum-tomato"), number_of) is None
        assert await read_record(store, key("z"), number_of) == 1
    (said,) = [record.getMessage() for record in caplog.records]
    assert code in said
    assert "plum-tomato" not in said


async def test_those_that_can_be_read_are() -> None:
    async with MemoryStateStore() as store:
        values = [NUMBERS.encode(1), b"?", NUMBERS.encode(0)]
        await store.commit([Put(key(str(at)), value) for at, value in enumerate(values)])
        assert await make_out_all(store, await store.scan("c", "p"), number_of) == [1, 0]
        assert len(await store.scan("c", "p")) == 2


async def test_where_others_may_be_upgraded_a_newer_record_is_left_to_them() -> None:
    async with SharedStore() as store:
        await store.commit([Put(key("a"), NEWER), Put(key("b"), b"?")])
        assert await read_record(store, key("a"), number_of) is None
        assert await store.get(key("a")) is not None
        assert await read_record(store, key("b"), number_of) is None
        assert await store.get(key("b")) is None


async def test_what_was_mended_meanwhile_is_not_set_aside() -> None:
    async with MemoryStateStore() as store:
        await store.commit([Put(key("a"), NEWER)])
        assert await read_record(RefusingStore(store, changes=True), key("a"), number_of) is None
        assert await read_record(store, key("a"), number_of) == 7


async def test_a_store_that_is_gone_by_then_is_said(caplog: pytest.LogCaptureFixture) -> None:
    async with MemoryStateStore() as store:
        await store.commit([Put(key("a"), NEWER)])
        assert await read_record(RefusingStore(store, changes=False), key("a"), number_of) is None
        assert await store.get(key("a")) is not None
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "store_unavailable" in caplog.text


def test_text_is_text_or_nothing() -> None:
    assert decode_text(Record(key("a"), "é".encode(), 1)) == "é"
