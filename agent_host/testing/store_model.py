"""The store's contract, part four: any sequence of calls against a model of a page of code."""

import asyncio
import tempfile
from collections.abc import Coroutine
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from math import inf
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,  # pyright: ignore[reportUnknownVariableType]
)

from agent_host.errors import ConflictError, LeaseLostError
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_factory import StoreFactory
from agent_host.testing.store_fixture import StoreFixture
from agent_host.types.store import (
    HOLE,
    Append,
    Delete,
    DeleteStream,
    Key,
    Lease,
    Put,
    Record,
    SetAside,
    SetAsideEntry,
    StreamSlice,
    Write,
)

T = TypeVar("T")

_TEXTS = st.sampled_from(["", "a", "b", "a\0", "\U0001f600", "\uffff", "aa"])
_PLACES = [("c", "p"), ("c", "q"), ("cp", "")]
_KEYS = st.tuples(st.sampled_from(_PLACES), _TEXTS).map(lambda at: Key(at[0][0], at[0][1], at[1]))
_VALUES = st.sampled_from([b"", b"{}", HOLE]) | st.binary(max_size=8)
_EXPECT = st.none() | st.integers(0, 3)
_LIVES = st.none() | st.integers(1, 20).map(lambda seconds: timedelta(seconds=seconds))
_WRITES: st.SearchStrategy[Write] = st.one_of(
    st.builds(Put, _KEYS, _VALUES, _EXPECT, _LIVES),
    st.builds(Delete, _KEYS, _EXPECT),
    st.builds(SetAside, _KEYS, st.integers(1, 3), st.just("damaged")),
    st.builds(Append, _KEYS, st.lists(_VALUES, max_size=3).map(tuple), _EXPECT, _LIVES),
    st.builds(SetAsideEntry, _KEYS, st.integers(-1, 4), _VALUES, st.just("damaged")),
    st.builds(DeleteStream, _KEYS),
)


@dataclass
class _Record:
    value: bytes
    version: int
    until: float


@dataclass
class _Stream:
    entries: list[bytes]
    until: float


@dataclass
class Model:
    """What a store must answer, written for reading and not for speed."""

    now: float = 0.0
    records: dict[Key, _Record] = field(default_factory=dict[Key, _Record])
    streams: dict[Key, _Stream] = field(default_factory=dict[Key, _Stream])
    leases: dict[Key, tuple[Lease, float]] = field(default_factory=dict[Key, tuple[Lease, float]])

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.records = {at: one for at, one in self.records.items() if one.until > self.now}
        self.streams = {at: one for at, one in self.streams.items() if one.until > self.now}
        self.leases = {at: one for at, one in self.leases.items() if one[1] > self.now}

    def commit(self, writes: list[Write], fence: Lease | None) -> tuple[int, ...]:
        if fence is not None and not self.holds(fence):
            raise LeaseLostError
        draft = deepcopy(self)
        outcome = tuple(draft.write(write) for write in writes)
        self.records, self.streams = draft.records, draft.streams
        return outcome

    def holds(self, lease: Lease) -> bool:
        return lease.name in self.leases and self.leases[lease.name][0] == lease

    def write(self, write: Write) -> int:
        if isinstance(write, Put | Delete | SetAside):
            record = self.records.get(write.key, _Record(b"", 0, inf))
            if write.expect not in (None, record.version):
                raise ConflictError
            if not isinstance(write, Put):
                self.records.pop(write.key, None)
                return 0
            until = self.until(write.time_to_live)
            self.records[write.key] = _Record(write.value, record.version + 1, until)
            return record.version + 1
        if isinstance(write, DeleteStream):
            self.streams.pop(write.stream, None)
            return 0
        stream = self.streams.get(write.stream, _Stream([], inf))
        if isinstance(write, SetAsideEntry):
            if (write.position, write.expect) not in enumerate(stream.entries):
                raise ConflictError
            stream.entries[write.position] = HOLE
            return 0
        if write.expect not in (None, len(stream.entries)):
            raise ConflictError
        if entries := [*stream.entries, *write.entries]:
            self.streams[write.stream] = _Stream(entries, self.until(write.time_to_live))
        return len(entries)

    def until(self, time_to_live: timedelta | None) -> float:
        return inf if time_to_live is None else self.now + time_to_live.total_seconds()


class StoreMachine(RuleBasedStateMachine):
    """Calls a store and the model alike. `factory` is set by a subclass."""

    factory: StoreFactory

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        self.model = Model()
        self.fence = 0
        self.given: list[Lease] = []
        self.store = type(self).factory(self.clock, Path(self.folder.name))
        self.do(self.store.__aenter__())

    def do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    def teardown(self) -> None:
        self.do(self.store.__aexit__(None, None, None))
        self.runner.close()
        self.folder.cleanup()

    @rule(writes=st.lists(_WRITES, min_size=1, max_size=5), which=st.none() | st.integers(0, 9))
    def commit(self, writes: list[Write], which: int | None) -> None:
        fence = self.given[which % len(self.given)] if self.given and which is not None else None
        try:
            expected = self.model.commit(writes, fence)
        except (ConflictError, LeaseLostError) as error:
            try:
                self.do(self.store.commit(writes, fence=fence))
            except type(error):
                return
            raise AssertionError(error) from error
        assert self.do(self.store.commit(writes, fence=fence)) == expected

    @rule(quarters=st.integers(1, 40))
    def pass_time(self, quarters: int) -> None:
        self.clock.advance(timedelta(seconds=quarters / 4))
        self.model.pass_time(quarters / 4)

    @rule(name=_KEYS, seconds=st.integers(1, 10))
    def acquire(self, name: Key, seconds: int) -> None:
        time_to_live = timedelta(seconds=seconds)
        lease = self.do(self.store.acquire(name, holder="h", time_to_live=time_to_live))
        assert (lease is None) == (name in self.model.leases)
        if lease is not None:
            fences = [one.fence for one in self.given if one.name == name]
            assert lease.fence > max(fences, default=0)
            self.given.append(lease)
            self.model.leases[name] = (lease, self.model.now + seconds)

    @precondition(lambda self: self.given)
    @rule(which=st.integers(0, 99), seconds=st.integers(1, 10))
    def renew(self, which: int, seconds: int) -> None:
        lease = self.given[which % len(self.given)]
        try:
            self.do(self.store.renew(lease, time_to_live=timedelta(seconds=seconds)))
        except LeaseLostError:
            assert not self.model.holds(lease)
        else:
            assert self.model.holds(lease)
            self.model.leases[lease.name] = (lease, self.model.now + seconds)

    @precondition(lambda self: self.given)
    @rule(which=st.integers(0, 99))
    def release(self, which: int) -> None:
        lease = self.given[which % len(self.given)]
        self.do(self.store.release(lease))
        if self.model.holds(lease):
            del self.model.leases[lease.name]

    @rule(
        place=st.sampled_from(_PLACES),
        after=st.none() | _TEXTS,
        limit=st.integers(0, 4),
        newest_first=st.booleans(),
    )
    def scan(
        self, place: tuple[str, str], after: str | None, limit: int, *, newest_first: bool
    ) -> None:
        found = self.do(
            self.store.scan(*place, after=after, limit=limit, newest_first=newest_first)
        )
        expected = [
            Record(at, one.value, one.version)
            for at, one in sorted(self.model.records.items(), reverse=newest_first)
            if at[:2] == place
            and (after is None or (at.id < after if newest_first else at.id > after))
        ]
        assert list(found) == expected[:limit]

    @rule(stream=_KEYS, start=st.integers(0, 5), limit=st.integers(0, 4))
    def read(self, stream: Key, start: int, limit: int) -> None:
        known = self.model.streams.get(stream, _Stream([], inf)).entries
        found = self.do(self.store.read(stream, start=start, limit=limit))
        assert (found.entries, found.length) == (tuple(known[start : start + limit]), len(known))
        last = self.do(self.store.read_last(stream, limit=limit))
        first = max(0, len(known) - limit)
        assert last == StreamSlice(first, tuple(known[first:]), len(known))

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        for at, one in self.model.records.items():
            assert self.do(self.store.get(at)) == Record(at, one.value, one.version)
        for collection, partition in _PLACES:
            ids = [at.id for at in self.model.records if at[:2] == (collection, partition)]
            found = self.do(self.store.scan(collection, partition))
            assert [record.key.id for record in found] == sorted(ids)
        for at, stream in self.model.streams.items():
            assert self.do(self.store.read(at)).entries == tuple(stream.entries)


class ModelSuite(StoreFixture):
    """Runs the machine."""

    def test_behaves_like_its_model(self, factory: StoreFactory) -> None:
        machine = type("Machine", (StoreMachine,), {"factory": staticmethod(factory)})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=60,
                stateful_step_count=30,
                deadline=None,
                suppress_health_check=[HealthCheck.too_slow],
            ),
        )


__all__ = ["Model", "ModelSuite", "StoreMachine"]
