"""A person is erased: all of it, nobody else's, and whatever happens in between."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent_host import AgentHost
from agent_host.errors import (
    ConflictError,
    NotFoundError,
    StoreFullError,
    StoreUnavailableError,
    UnreadableRecordError,
)
from agent_host.host.erasure.collection import COLLECTIONS, Whose
from agent_host.host.erasure.record import PENDING_CODEC, PendingErasure
from agent_host.host.run.checkpoint import OwnedCheckpoints
from agent_host.stores.disk import DiskStateStore
from agent_host.stores.memory import MemoryStateStore
from agent_host.types import Key, Lease, Owner, Put, Write
from agent_host.types.store import SetAside, SetAsideEntry
from tests.host.life import (
    WORD,
    caller_of,
    found_in,
    identity_of,
    kept_in,
    live,
    owner_of,
    party_of,
    turn_of,
)
from tests.telemetry.recording import Recording

ALICE, BOB = f"{WORD}-alice", f"{WORD}-bob"


def words_of(name: str) -> tuple[str, ...]:
    """What would give the person away."""
    ids = [identity_of(name, channel).native_id for channel in ("chat", "mail")]
    keys = [owner_of(name, channel).isolation_key for channel in ("chat", "mail")]
    return (f"{WORD}-{name}", f"private-{name}", *ids, *keys)


async def test_nothing_is_left_of_a_person_and_all_of_others(tmp_path: Path) -> None:
    async with kept_in(tmp_path) as host:
        await live(host, "alice")
        await live(host, "bob")
        receipt = await host.people_operator.forget(owner_of("alice"))
        assert receipt.finished_at is not None
        assert found_in(tmp_path, *words_of("alice")) == {}
        for channel in ("chat", "mail"):
            runs = await host.context.runs(caller_of("bob", channel))
            assert len((await runs.list()).items) == 6
            session = await (await host.context.sessions(caller_of("bob"))).get(f"session-{BOB}")
            assert session.messages
    assert found_in(tmp_path, *words_of("alice")) == {}
    assert len(found_in(tmp_path, *words_of("bob"))) > 1


async def test_the_receipt_counts_every_kind_and_names_nobody(tmp_path: Path) -> None:
    async with kept_in(tmp_path) as host:
        await live(host, "alice")
        receipt = await host.people_operator.forget(owner_of("alice"))
        erased = receipt.erased
        assert erased["run"] == erased["journal"] == erased["run_index"] == 7
        assert erased["session"] == 5
        assert erased["identity"] == erased["idempotency"] == erased["checkpoint_scope"] // 3 == 2
        assert (erased["person"], erased["partition"]) == (1, 1)
        assert erased["file"] >= 7
        assert erased["task"] >= 4
        personal = {name for name, whose in COLLECTIONS.items() if whose not in _ELSEWHERE}
        # Only a run that goes on has these, and it is stopped first.
        going_on = {"run_live", "run_request", "session_question"}
        elsewhere = {"pairing", "pairing_code", "pairing_request"}  # see tests/pairing
        # See tests/host/test_erasure_delivery.py.
        on_their_way = {name for name in COLLECTIONS if name.startswith(("delivery", "follow"))}
        assert personal - erased.keys() - elsewhere - on_their_way == going_on
        (kept,) = (await host.people_operator.receipts()).items
        assert kept == receipt
        assert not any(word in repr(receipt) for word in words_of("alice"))


_ELSEWHERE = (Whose.NOBODY, Whose.RUNNER)


async def test_a_second_time_there_is_nothing_and_no_error(tmp_path: Path) -> None:
    async with kept_in(tmp_path) as host:
        await live(host, "alice")
        await host.people_operator.forget(owner_of("alice"))
        again = await host.people_operator.forget(owner_of("alice"))
        nobody = await host.people_operator.forget(owner_of("nobody"))
        assert again.erased == nobody.erased == {}


async def test_the_key_of_a_linked_identity_leads_to_all_of_the_person(tmp_path: Path) -> None:
    async with kept_in(tmp_path) as host:
        await live(host, "alice")
        await host.people_operator.forget(owner_of("alice", "mail"))
        assert found_in(tmp_path, *words_of("alice")) == {}


async def test_a_turn_that_goes_on_is_stopped_and_leaves_nothing(tmp_path: Path) -> None:
    began = asyncio.Event()

    async def stuck(text: str) -> str:
        began.set()
        await asyncio.Event().wait()
        return text

    async with kept_in(tmp_path, target=stuck) as host:
        turn = asyncio.ensure_future(host.context.run(turn_of(caller_of("alice"), ALICE)))
        await began.wait()
        receipt = await host.people_operator.forget(owner_of("alice"))
        assert receipt.erased["run"] == 1
        await asyncio.wait([turn])
        assert found_in(tmp_path, *words_of("alice")) == {}


async def test_who_comes_again_is_a_stranger(tmp_path: Path) -> None:
    async with kept_in(tmp_path) as host:
        await live(host, "alice")
        await host.people_operator.forget(owner_of("alice"))
        await host.context.run(turn_of(caller_of("alice"), "hello", session=f"session-{ALICE}"))
        view = await host.context.sessions(caller_of("alice"))
        assert len((await view.get(f"session-{ALICE}")).messages) == 2


async def test_what_nobody_can_read_is_erased_too(tmp_path: Path) -> None:
    store = DiskStateStore(tmp_path / "state")
    async with kept_in(tmp_path, store=store) as host:
        await live(host, "alice")
        place = Key("session", owner_of("alice").partition, "ses_damaged")
        await store.commit([Put(place, f"{{{ALICE}".encode())])
        aside = Key("session", owner_of("alice").partition, "ses_aside")
        await store.commit([Put(aside, ALICE.encode())])
        await store.commit([SetAside(aside, 1, "damaged")])
        receipt = await host.people_operator.forget(owner_of("alice"))
        assert receipt.erased["unreadable"] == 1
        assert found_in(tmp_path, *words_of("alice")) == {}


async def test_what_was_set_aside_of_streams_and_checkpoints_is_handed_out_and_erased(
    tmp_path: Path,
) -> None:
    store = DiskStateStore(tmp_path / "state")
    async with kept_in(tmp_path, store=store) as host:
        await live(host, "alice")
        await live(host, "bob")
        for name in ("alice", "bob"):
            owner = owner_of(name)
            run, *_ = await store.scan("run", owner.partition)
            journal = Key("journal", owner.partition, run.key.id)
            scope, *_ = await store.scan("checkpoint_scope", owner.partition)
            kept = OwnedCheckpoints(store, owner, timedelta(days=1))
            (step,) = await kept.list(scope.key.id)
            (first, *_) = (await store.read(journal)).entries
            await store.commit([SetAsideEntry(journal, 0, first, "damaged")])
            await kept.set_aside(scope.key.id, [step], UnreadableRecordError("?"))
        lines = [line async for line in host.people_operator.export(owner_of("alice"))]
        aside = [line for line in lines if line["type"] == "unreadable"]
        assert [(line["collection"], line["position"]) for line in aside] == [
            ("journal", 0),
            ("checkpoint", None),
        ]
        assert aside[1]["value"] == step.value.decode().replace(BOB, ALICE)
        assert "aside" not in json.dumps(lines)
        assert lines[-1] == {"type": "end", "lines": len(lines) - 2}
        receipt = await host.people_operator.forget(owner_of("alice"))
        assert receipt.erased["unreadable"] == 2
        assert found_in(tmp_path, *words_of("alice")) == {}
        assert len(await store.quarantined()) == 2


class Breaking(DiskStateStore):
    """Breaks at the n-th commit that deletes, as a crash would, until it is mended."""

    left = 10**9

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        if fence is not None and fence.name.collection == "erasure_pending":
            self.left -= 1
            if self.left < 0:
                raise StoreUnavailableError("It broke.")
        return await super().commit(writes, fence=fence)


@pytest.mark.parametrize("commits", range(5))
async def test_what_a_crash_broke_off_goes_on_with_the_next_process(
    tmp_path: Path, commits: int
) -> None:
    store = Breaking(tmp_path / "state")
    async with kept_in(tmp_path, store=store) as host:
        await live(host, "alice")
        whole = Counter(await _what_there_is(store, owner_of("alice")))
        store.left = commits
        with pytest.raises(StoreUnavailableError):
            await host.people_operator.forget(owner_of("alice"))
    async with kept_in(tmp_path) as host:
        await _until_over(host)
        (receipt,) = (await host.people_operator.receipts()).items
        assert receipt.erased["run"] == whole["run"]
        assert found_in(tmp_path, *words_of("alice")) == {}


async def _what_there_is(store: DiskStateStore, owner: Owner) -> list[str]:
    mail = owner_of("alice", "mail")
    found = [*await store.scan("run", owner.partition), *await store.scan("run", mail.partition)]
    room = await store.scan("partition", owner.partition)
    for record in room:
        narrowed = Owner(tenant="default", isolation_key=record.key.id)  # type: ignore[arg-type]
        found += await store.scan("run", narrowed.partition)
    return [record.key.collection for record in found]


async def _until_over(host: AgentHost) -> None:
    while not (await host.people_operator.receipts()).items:
        pass


async def test_whoever_asks_while_it_goes_on_gets_the_same_receipt(tmp_path: Path) -> None:
    async with kept_in(tmp_path) as host:
        await live(host, "alice")
        first, second = await asyncio.gather(
            host.people_operator.forget(owner_of("alice")),
            host.people_operator.forget(owner_of("alice")),
        )
        assert first == second
        assert first.erased["run"] == 7
        assert found_in(tmp_path, *words_of("alice")) == {}


async def test_a_caller_that_leaves_does_not_break_it_off(tmp_path: Path) -> None:
    store = DiskStateStore(tmp_path / "state")
    async with kept_in(tmp_path, store=store) as host:
        await live(host, "alice")
        waiting = asyncio.ensure_future(host.people_operator.forget(owner_of("alice")))
        while not await store.scan("erasure_pending", "all"):
            pass
        waiting.cancel()
        await _until_over(host)
        assert found_in(tmp_path, *words_of("alice")) == {}


async def test_an_export_has_all_that_is_erased(tmp_path: Path) -> None:
    async with kept_in(tmp_path) as host:
        await live(host, "alice")
        lines = [line async for line in host.people_operator.export(owner_of("alice"))]
        assert lines[0]["type"] == "person"
        assert lines[-1] == {"type": "end", "lines": len(lines) - 2}
        text = json.dumps(lines)
        for word in (*words_of("alice"), f"in room {ALICE}", f"later {ALICE}"):
            assert word in text
        assert BOB not in text
        kinds = Counter(str(line.get("collection", line["type"])) for line in lines[1:-1])
        receipt = await host.people_operator.forget(owner_of("alice"))
        counted = {
            name: count
            for name, count in receipt.erased.items()
            if name not in ("history", "journal", "task")
        }
        assert {name: kinds[name] for name in counted} == counted
        assert kinds["task"] >= 4


async def test_a_store_that_forgets_all_erases_as_well(tmp_path: Path) -> None:
    async with kept_in(tmp_path, store=MemoryStateStore()) as host:
        await live(host, "alice")
        receipt = await host.people_operator.forget(owner_of("alice"))
        assert receipt.erased["run"] > 0
        assert (await host.people_operator.list("default")).items == ()


async def test_unlinking_by_an_operator_gives_each_their_own_back(tmp_path: Path) -> None:
    async with kept_in(tmp_path) as host:
        await live(host, "alice")
        found = await host.people_operator.show(owner_of("alice", "mail"))
        assert [known.identity.channel for known in found.identities] == ["mail", "chat"]
        left = await host.people_operator.unlink(
            owner_of("alice"), party_of("alice", "mail").natural_key
        )
        assert [known.identity.channel for known in left.identities] == ["chat"]
        listed = (await host.people_operator.list("default")).items
        assert {person.owner for person in listed} == {owner_of("alice"), owner_of("alice", "mail")}


class Unscrubbed(DiskStateStore):
    """Cannot write its file anew yet, as on a full disk."""

    async def scrub(self) -> None:
        raise StoreFullError("The disk is full.")


async def test_what_was_only_left_to_be_written_anew_is(tmp_path: Path) -> None:
    async with kept_in(tmp_path, store=Unscrubbed(tmp_path / "state")) as host:
        await live(host, "alice")
        with pytest.raises(StoreFullError):
            await host.people_operator.forget(owner_of("alice"))
        with pytest.raises(NotFoundError):
            await host.people_operator.show(owner_of("alice"))
    async with kept_in(tmp_path) as host:
        await _until_over(host)
        (receipt,) = (await host.people_operator.receipts()).items
        assert receipt.erased["run"] == 7
        assert found_in(tmp_path, *words_of("alice")) == {}


async def test_another_process_that_is_at_it_is_left_to_it(tmp_path: Path) -> None:
    store = DiskStateStore(tmp_path / "state")
    async with kept_in(tmp_path, store=store) as host:
        await live(host, "alice")
        place = Key("erasure_pending", "all", "era_theirs")
        theirs = PendingErasure(
            id="era_theirs", person=owner_of("alice"), started_at=datetime.now(UTC)
        )
        await store.commit([Put(place, PENDING_CODEC.encode(theirs))])
        lease = await store.acquire(place, holder="them", time_to_live=timedelta(minutes=1))
        assert lease is not None
        with pytest.raises(ConflictError):
            await host.people_operator.forget(owner_of("alice"))
        await store.release(lease)
        assert (await host.people_operator.forget(owner_of("alice"))).id == "era_theirs"


async def test_a_host_that_stops_breaks_it_off_and_says_so(tmp_path: Path) -> None:
    reached = asyncio.Event()

    class Slow(DiskStateStore):
        async def scrub(self) -> None:
            reached.set()
            await asyncio.Event().wait()

    async with kept_in(tmp_path, store=Slow(tmp_path / "state")) as host:
        await live(host, "alice")
        waiting = asyncio.ensure_future(host.people_operator.forget(owner_of("alice")))
        await reached.wait()
    with pytest.raises(StoreUnavailableError, match="next one"):
        await waiting
    async with kept_in(tmp_path) as host:
        await _until_over(host)
        assert found_in(tmp_path, *words_of("alice")) == {}


async def test_more_than_one_batch_is_counted_exactly(tmp_path: Path) -> None:
    async with kept_in(tmp_path) as host:
        records = await host.context.records(caller_of("alice"))
        for number in range(250):
            await records.put(f"{ALICE}-{number}", {"note": ALICE})
        receipt = await host.people_operator.forget(owner_of("alice"))
        assert receipt.erased["channel_record"] == 250
        assert found_in(tmp_path, *words_of("alice")) == {}


async def test_a_damaged_pending_erasure_does_not_stop_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = DiskStateStore(tmp_path / "state")
    async with kept_in(tmp_path, store=store) as host:
        await live(host, "alice")
        await store.commit([Put(Key("erasure_pending", "all", "era_damaged"), b"?")])
        assert (await host.people_operator.forget(owner_of("alice"))).erased["run"] == 7
    assert "erasure era_damaged cannot go on" in caplog.text


async def test_a_person_who_cannot_be_read_is_left_out_of_the_list(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = DiskStateStore(tmp_path / "state")
    async with kept_in(tmp_path, store=store) as host:
        await live(host, "alice")
        await store.commit([Put(Key("person", "default", "iso_damaged"), b"?")])
        (listed,) = (await host.people_operator.list("default")).items
        assert listed.owner == owner_of("alice")
    assert "person iso_damaged cannot be listed" in caplog.text


async def test_bytes_that_are_no_json_are_handed_out_as_they_are(tmp_path: Path) -> None:
    store = DiskStateStore(tmp_path / "state")
    async with kept_in(tmp_path, store=store) as host:
        place = Key("channel_record", owner_of("alice").partition, "odd")
        await store.commit([Put(place, b"\xff\xfe")])
        lines = [line async for line in host.people_operator.export(owner_of("alice"))]
        assert lines[1]["value"] == {"base64": "//4="}


@pytest.mark.parametrize("forgets", [False, True])
async def test_a_host_that_is_watched_erases_as_well(tmp_path: Path, *, forgets: bool) -> None:
    store = MemoryStateStore() if forgets else DiskStateStore(tmp_path / "state")
    async with kept_in(tmp_path, store=store, telemetry=Recording().telemetry) as host:
        await live(host, "alice")
        assert (await host.people_operator.forget(owner_of("alice"))).erased["run"] > 0
        assert found_in(tmp_path, *words_of("alice")) == {}


async def test_it_is_broken_off_again_and_again_and_counts_each_thing_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_host.host.erasure.erasure._BATCH", 1)
    async with kept_in(tmp_path) as host:
        await live(host, "alice")
    lives = 0
    while found_in(tmp_path, *words_of("alice")):
        lives += 1
        store = Breaking(tmp_path / "state")
        store.left = 6
        async with kept_in(tmp_path, store=store) as host:
            with suppress(StoreUnavailableError):
                await host.people_operator.forget(owner_of("alice"))
    assert lives > 5
    async with kept_in(tmp_path) as host:
        await _until_over(host)
        receipts = (await host.people_operator.receipts()).items
        erased = sum((Counter(receipt.erased) for receipt in receipts), Counter[str]())
        assert erased["run"] == erased["journal"] == 7
        assert (erased["session"], erased["person"], erased["identity"]) == (5, 1, 2)
