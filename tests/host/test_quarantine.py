"""A damaged record of each kind, and one of a newer release: set aside with its bytes, data of
others not touched, and the host serves on.
"""

import asyncio
import importlib
import pkgutil
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

import agent_host
from agent_host import AgentHost
from agent_host.cli.restoration import KNOWN_RECORDS, Restoration, Restored
from agent_host.codec import VersionedCodec
from agent_host.errors import NotFoundError
from agent_host.host.record import idempotency_record
from agent_host.host.record.live_record import LiveRun, LiveRunRecords
from agent_host.host.run.order import RUN_KIND
from agent_host.protocols.host_context import HostContext
from agent_host.runner import task_record
from agent_host.stores.disk import DiskStateStore
from agent_host.system import SystemClock
from agent_host.types import HostedResult, RunPolicy, RunStatus, Turn
from agent_host.types.store import Delete, Key, Put, Record, SetAside
from tests.host.harness import CALLER, acting_as, finished, request
from tests.host.killed import QUICK, process
from tests.stores.disk_fixture import database

POINTERS: Final = {
    task_record.QUEUE,
    task_record.LANES,
    task_record.BEHIND,
    task_record.KEYS,
    task_record.GRAVES,
    task_record.KIND_GRAVES,
    idempotency_record.INDEX,
}
"""They lead somewhere by their own name: what is in them is not looked at, or is an id that then
names nothing.
"""

ELSEWHERE: Final = {
    "api_key_use": "a file of its own",
    "api_keys": "a file of its own",
    "channel_request": "hashed, never stored",
    "journal_entry": "an entry of a stream, see tests/host/test_damaged_stream.py",
    "delivery": "passed over by lists, its task a dead letter, an operator can purge it",
    "delivery_content": "its delivery becomes a dead letter",
    "delivery_fingerprint": "hashed, never stored",
    "delivery_key": "refused: whether it was sent before is not guessed",
    "delivery_order": "a task's payload: the task becomes a dead letter",
    "delivery_rate": "set aside, see tests/delivery/test_governor.py",
    "due_delivery": "passed over, and in the log",
    "erasure": "passed over by lists",
    "erasure_pending": "in the log; the erasure is asked for again",
    "event_key": "set aside, see tests/host/test_inbound.py",
    "follow": "its task becomes a dead letter",
    "follow_place": "passed over, and in the log",
    "identity": "refused: who somebody is is not guessed",
    "inbound_event": "a task's payload: the task becomes a dead letter",
    "langgraph_checkpoint": "set aside, see tests/adapters/test_langgraph_damage.py",
    "langgraph_value": "set aside, see tests/adapters/test_langgraph_damage.py",
    "langgraph_write": "set aside, see tests/adapters/test_langgraph_damage.py",
    "message": "an entry of a stream, see tests/host/test_damaged_stream.py",
    "link_step": "refused: the link is begun anew",
    "operator_pass": "a file of its own",
    "pairing": "refused: whom an operator let in is not guessed",
    "pairing_code": "no such code",
    "pairing_request": "asked for anew",
    "person": "refused: who somebody is is not guessed",
    "pushed_result": "a part of what a delivery carries",
    "remote_a2a_context": "set aside, see tests/agents/remote_a2a/test_thread.py",
    "remote_a2a_task": "set aside, see tests/agents/remote_a2a/test_thread.py",
    "run_order": "a task's payload: the task becomes a dead letter",
    "workflow_checkpoint": "set aside, see tests/workflows/test_progress.py",
}

KINDS: Final = {
    "channel_record": "channel_record",
    "idempotency": "idempotency",
    "run_live": "live_run",
    "run_request": "stored_request",
    "run_index": "run_owner",
    "run": "run",
    "session": "session",
    "session_name": None,
    "session_question": None,
    "tasks": "task",
    "task_order": "task_order",
}
"""Each collection with the codec of what is in it; text alone has none."""

TASK_ORDER: Final = Key("task_order", "all", "bound")
"""Everybody's, and the only one of its kind."""

DAMAGED: Final = b"\x80\x04\x95pickle"


async def shout(text: str) -> str:
    return text.upper()


async def stand(turn: Turn) -> AsyncIterator[str]:
    if turn.text != "wait":
        yield turn.text
        return
    await asyncio.Event().wait()


def host_on(store: DiskStateStore, target: object) -> AgentHost:
    return AgentHost(target, store=store, run_policy=QUICK, grace=timedelta())


def disk(folder: Path) -> DiskStateStore:
    return DiskStateStore(folder, lock_wait=timedelta())


async def live_a_little(context: HostContext, store: DiskStateStore, who: str) -> HostedResult:
    """What leaves records of every kind; the background run that is left queued."""
    with acting_as(who):
        first = await context.run(request(f"{who} 1", session="s", idempotency_key="k"))
        await (await context.records(CALLER)).put("note", {"of": who})
        left = await context.start(request("wait", background=True, session=f"{who} later"))
    owner = first.run.owner
    live = LiveRun(owner=owner, instance="prc_gone", since=datetime.now(UTC))
    question = Key("session_question", owner.partition, str(first.run.session_id))
    puts = [LiveRunRecords.put(first.run.id, live), Put(question, first.run.id.encode())]
    await store.commit(puts)
    return left


async def use_everything(host: AgentHost, who: str) -> None:
    with acting_as(who):
        context = host.context
        with suppress(NotFoundError):  # the run that the key led to may be what is gone
            await context.run(request(f"{who} 1", session="s", idempotency_key="k"))
        again = await context.run(request(f"{who} 2", session="s"))
        assert again.run.status is RunStatus.COMPLETED
        await (await context.records(CALLER)).get("note")
        view = await context.runs(CALLER)
        for run in (await view.list()).items:
            with suppress(NotFoundError):
                await view.get(run.id)
    for run in (await host.operator.list()).items:
        await host.operator.show(run.id)


def keys_in(folder: Path) -> set[Key]:
    with database(folder) as connection:
        return {
            Key(*row) for row in connection.execute("SELECT collection, partition, id FROM records")
        }


def plant(folder: Path, keys: set[Key], value: bytes) -> None:
    with database(folder) as connection:
        for key in keys:
            connection.execute(
                "UPDATE records SET value = ? WHERE collection = ? AND partition = ? AND id = ?",
                (value, *key),
            )


async def two_lives(folder: Path) -> tuple[set[Key], HostedResult, HostedResult]:
    """Alice's keys, what she left and what Bob left, in a folder that nobody has open."""
    one = RunPolicy(background_limit=1, cancel_grace=QUICK.cancel_grace)
    async with disk(folder) as store, process(store, stand, run_policy=one) as context:
        with acting_as("carol"):
            busy = await context.start(request("wait", background=True))
            view = await context.runs(CALLER)
            while (await view.get(busy.run.id)).run.status is not RunStatus.RUNNING:
                await asyncio.sleep(0)
        before = keys_in(folder)
        hers = await live_a_little(context, store, "alice")
        known = keys_in(folder) - before
        his = await live_a_little(context, store, "bob")
    return known, hers, his


PLANTED: Final = [
    pytest.param(collection, damage, id=f"{collection}-{damage}")
    for collection, kind in KINDS.items()
    for damage in ("damaged", "newer")
    if damage == "damaged" or kind is not None
]


@pytest.mark.parametrize(("collection", "damage"), PLANTED)
async def test_it_is_set_aside_and_costs_nobody_else(
    collection: str, damage: str, tmp_path: Path
) -> None:
    hers, _, his = await two_lives(tmp_path)
    planted = {key for key in hers if key.collection == collection} or {TASK_ORDER}
    assert {key.collection for key in planted} == {collection}
    value = DAMAGED
    if damage == "newer":
        value = b'{"v":999,"k":"%b","d":{"new":1}}' % str(KINDS[collection]).encode()
    plant(tmp_path, planted, value)
    store = disk(tmp_path)
    async with host_on(store, shout) as host:
        await use_everything(host, "alice")
        while not await store.quarantined():
            await asyncio.sleep(0)
        with acting_as("bob"):
            done = await finished(host.context, his.run.id)
            assert done.run.status is RunStatus.COMPLETED
            view = await host.context.runs(CALLER)
            assert len((await view.list()).items) == 2
            note = await (await host.context.records(CALLER)).get("note")
            assert note is not None
            assert note.value == {"of": "bob"}
            history = await (await host.context.sessions(CALLER)).get("s")
            assert [message.text for message in history.messages] == ["bob 1", "bob 1"]
        found = await store.quarantined()
        assert {one.key for one in found} <= planted
        assert {one.code for one in found} == {
            "newer_record" if damage == "newer" else "unreadable_record"
        }
        for one in found:
            kept = await store.find_quarantined(one.number)
            assert kept is not None
            assert kept.value == value
        numbers = [one.number for one in found]
        await use_everything(host, "alice")
    store = disk(tmp_path)
    async with host_on(store, shout) as host:  # and nobody meets it again
        await use_everything(host, "alice")
        known = [one.number for one in await store.quarantined()]
        assert known[: len(numbers)] == numbers
        assert {one.key for one in await store.quarantined()} <= planted


async def test_every_kind_is_among_these(tmp_path: Path) -> None:
    """A new collection, or a new codec, is to be added above, and to what can be restored."""
    await two_lives(tmp_path)
    assert {key.collection for key in keys_in(tmp_path)} - POINTERS == set(KINDS)
    assert set(KNOWN_RECORDS) == set(KINDS)
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(agent_host.__path__, "agent_host.")
        if "testing" not in module.name
    ]
    here = {
        codec.kind
        for module in modules
        for codec in vars(module).values()
        if isinstance(codec, VersionedCodec)
    }
    assert here == {*filter(None, KINDS.values()), *ELSEWHERE}


@pytest.mark.parametrize("collection", ["run", "tasks", "channel_record"])
async def test_a_newer_release_gets_it_back(collection: str, tmp_path: Path) -> None:
    """An earlier release set it aside, served on without it, and was upgraded again."""
    hers, left, _ = await two_lives(tmp_path)
    aside = [key for key in hers if key.collection == collection]
    async with disk(tmp_path) as store:
        records = [record for key in aside if (record := await store.get(key)) is not None]
        await store.commit([SetAside(one.key, one.version, "newer_record") for one in records])
    store = disk(tmp_path)
    async with host_on(store, shout) as host:
        while await store.scan(task_record.QUEUE, RUN_KIND):
            await asyncio.sleep(0)
    async with disk(tmp_path) as store:
        restoration = Restoration(store, SystemClock())
        for one in await store.quarantined():
            assert await restoration.put_back(one.number) is Restored.PUT_BACK
            assert await restoration.put_back(one.number) is Restored.MISSING
        assert [await store.get(key) for key in aside] == records
    async with host_on(disk(tmp_path), shout) as host:
        with acting_as("alice"):
            run = (await finished(host.context, left.run.id)).run
            note = await (await host.context.records(CALLER)).get("note")
    assert note is not None
    assert run.status.is_terminal
    if collection == "run":  # whoever was to execute it has gone since
        assert run.failure is not None
        assert run.failure.code == "interrupted"
    else:
        assert run.status is RunStatus.COMPLETED


async def test_what_is_still_unreadable_or_was_replaced_stays(tmp_path: Path) -> None:
    async with disk(tmp_path) as store:
        note, other = Key("run", "p", "a"), Key("plugin", "p", "a")
        await store.commit([Put(note, DAMAGED), Put(other, DAMAGED)])
        await store.commit([SetAside(note, 1, "x"), SetAside(other, 1, "x"), Put(other, b"new")])
        restoration = Restoration(store, SystemClock())
        became = [await restoration.put_back(one.number) for one in await store.quarantined()]
        assert became == [Restored.UNREADABLE, Restored.REPLACED]
        assert len(await store.quarantined()) == 2
        await store.commit([Delete(other)])
        # Nobody here knows how to read it: whoever does finds it as it was.
        assert await restoration.put_back(2) is Restored.PUT_BACK
        assert await store.get(other) == Record(other, DAMAGED, 1)
