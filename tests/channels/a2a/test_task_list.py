"""A caller with more tasks than one page may look at: each is on one page, and none is on two."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from agent_host.host.record.run_record import COLLECTION
from agent_host.stores.memory import MemoryStateStore
from agent_host.system import SystemIdFactory
from agent_host.types.store import Delete, Key, Lease, Write
from agent_host_a2a import A2AConfig
from tests.channels.a2a.hosting import call, hosted, result, send

CONFIG = A2AConfig(listed_tasks_limit=5)


class InOrder(SystemIdFactory):
    """Each id sorts behind the last, as those of different milliseconds do."""

    def __init__(self) -> None:
        self._count = 0

    def new(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count:012x}{super().new('')}"


class AtOnce(SystemIdFactory):
    """All are of one millisecond, and so in any order."""

    def new(self, prefix: str) -> str:
        return prefix + super().new("")[::-1]


class Noting(MemoryStateStore):
    """Knows where each run is."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: dict[str, Key] = {}

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        self.runs |= {key.id: key for key, *_ in writes if key.collection == COLLECTION}
        return await super().commit(writes, fence=fence)


async def say(text: str) -> str:
    """Say it again."""
    return text


async def pages(
    client: httpx.AsyncClient, between: Any = None, **params: Any
) -> list[dict[str, Any]]:
    """Every page; `between` is awaited behind the first."""
    found: list[dict[str, Any]] = []
    token = ""
    while not found or token:
        page = await result(client, "ListTasks", {**params, "pageToken": token})
        found.append(page)
        token = page["nextPageToken"]
        if between is not None and len(found) == 1:
            await between()
    return found


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [task["id"] for page in found for task in page["tasks"]]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
async def test_all_are_listed_newest_first(size: int) -> None:
    async with hosted(say, config=CONFIG, ids=InOrder()) as client:
        sent = [(await send(client, f"{number}"))["id"] for number in range(13)]
        found = await pages(client, pageSize=size)
    assert ids(found) == sent[::-1]
    assert found[-1]["totalSize"] == 13
    assert all(len(page["tasks"]) <= size for page in found)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
async def test_of_those_that_began_at_once_each_is_listed_once(size: int) -> None:
    async with hosted(say, config=CONFIG, ids=AtOnce()) as client:
        sent = [(await send(client, f"{number}"))["id"] for number in range(30)]
        found = await pages(client, pageSize=size)
    assert sorted(ids(found)) == sorted(sent)
    assert found[-1]["totalSize"] == 30


@pytest.mark.parametrize("count", [3, 12])
async def test_what_is_sent_between_pages_moves_nothing(count: int) -> None:
    """However much it is: more than is read for a page, too."""
    async with hosted(say, config=CONFIG, ids=InOrder()) as client:
        sent = [(await send(client, f"{number}"))["id"] for number in range(9)]

        async def more() -> None:
            for number in range(count):
                await send(client, f"later {number}")

        found = await pages(client, more, pageSize=2)
    assert ids(found) == sent[::-1]


@pytest.mark.parametrize(
    "gone", [{12}, {8}, {3, 7}, {8, 9, 10, 11, 12}, set(range(8)), set(range(13))]
)
async def test_what_expires_between_pages_hides_nothing_else(gone: set[int]) -> None:
    store = Noting()
    async with hosted(say, config=CONFIG, ids=InOrder(), store=store) as client:
        sent = [(await send(client, f"{number}"))["id"] for number in range(13)]

        async def expire() -> None:
            await store.commit([Delete(store.runs[sent[place]]) for place in gone])

        found = await pages(client, expire, pageSize=2)
    shown = [sent.index(task_id) for task_id in ids(found)]
    assert shown[:2] == [12, 11]
    assert shown[2:] == [place for place in range(10, -1, -1) if place not in gone]


async def test_filters_reach_the_oldest() -> None:
    async with hosted(say, config=CONFIG) as client:
        old = await send(client, "old", contextId="here")
        for number in range(12):
            await send(client, f"{number}")
        here = await pages(client, contextId="here")
        since = await pages(client, statusTimestampAfter=old["status"]["timestamp"])
        failed = await pages(client, status="TASK_STATE_FAILED")
    assert ids(here) == [old["id"]]
    assert here[-1]["totalSize"] == 1
    assert len(ids(since)) == 13
    assert ids(failed) == []


async def test_a_made_up_token_leads_nowhere() -> None:
    made_up = ["x", "W10", "WzAsImFiYyJd", "WzAsbnVsbCwieCIsMCwwXQ", "a" * 3000]
    async with hosted(say, config=CONFIG) as client:
        for token in made_up:
            answer = await call(client, "ListTasks", {"pageToken": token})
            assert answer["error"]["code"] == -32602
