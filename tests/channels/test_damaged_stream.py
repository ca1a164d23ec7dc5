"""Whatever damage there is in any entry of any stream: every channel answers, or says in its own
protocol what it cannot, nobody else notices, and the damaged bytes are kept.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from agent_host.cli.restoration import KNOWN_ENTRIES
from agent_host.errors import UnreadableRecordError
from agent_host.protocols.channel import Channel
from agent_host.stores.disk import DiskStateStore
from agent_host.stores.disk_entry import position_of
from agent_host.types import (
    InputRequired,
    Question,
    RunEvent,
    TargetCapabilities,
    TargetDescription,
    TextDelta,
    ToolCallFinished,
    ToolCallStarted,
    Turn,
)
from agent_host.types.store import Key, StreamEntry
from agent_host_a2a import A2AChannel
from agent_host_rest import RestChannel
from tests.channels.a2a.hosting import V1, message, rpc
from tests.channels.openai.hosting import hosted
from tests.stores.disk_fixture import database

NEWER: Final = b'{"v":999,"k":"journal_entry","d":{"new":1}}'
ALICE: Final = {"authorization": "Bearer alice"}
BOB: Final = {"authorization": "Bearer bob"}


class Telling:
    """Says and does a little; asks where it is told to."""

    description = TargetDescription(name="telling")
    capabilities = TargetCapabilities(streams=True, checkpoints=True)

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        yield TextDelta(text="It is ")
        if turn.text == "ask" and turn.answer is None:
            yield InputRequired(questions=(Question(prompt="Really?"),))
            return
        yield ToolCallStarted(call_id="1", name="look_up", arguments={"word": "sea"})
        yield ToolCallFinished(call_id="1", name="look_up", result="a book")
        yield TextDelta(text="the sea.")


@dataclass
class Left:
    """What one person left behind: ids, by the surface that gave them."""

    runs: list[str] = field(default_factory=list[str])
    responses: list[str] = field(default_factory=list[str])
    tasks: list[str] = field(default_factory=list[str])
    waiting_response: str = ""
    waiting_task: str = ""


async def send(http: httpx.AsyncClient, who: dict[str, str], text: str, **more: Any) -> str:
    body = rpc("SendMessage", {"message": message(text, **more)})
    answer = (await http.post("/a2a", json=body, headers={**who, **V1})).json()
    found: str = answer["result"]["task"]["id"]
    return found


async def respond(http: httpx.AsyncClient, who: dict[str, str], **body: Any) -> httpx.Response:
    return await http.post("/v1/responses", json=body, headers=who)


async def live(http: httpx.AsyncClient, who: dict[str, str]) -> Left:
    left = Left()
    for text in ("one", "two"):
        body = {"input": text, "session_id": "s"}
        left.runs.append((await http.post("/invocations", json=body, headers=who)).json()["id"])
    streamed = await respond(http, who, input="one", stream=True)
    first = streamed.text.partition('"id":"')[2].partition('"')[0]
    asked = (await respond(http, who, input="ask", previous_response_id=first)).json()["id"]
    answered = await respond(http, who, input="yes", previous_response_id=asked)
    left.responses = [first, asked, answered.json()["id"]]
    left.waiting_response = (await respond(http, who, input="ask")).json()["id"]
    left.tasks = [await send(http, who, "one", contextId="c")]
    left.waiting_task = await send(http, who, "ask", contextId="c")
    return left


async def looked_at(http: httpx.AsyncClient, who: dict[str, str], left: Left) -> list[Any]:
    """What is shown of it all; every answer is one that its protocol has."""
    listed = (await http.get("/invocations", headers=who)).json()["items"]
    rest = [
        *(f"/invocations/{run['id']}" for run in listed),
        *(f"/invocations/{run['id']}/events" for run in listed),
        "/invocations",
        "/sessions/s",
    ]
    responses = [*left.responses, left.waiting_response]
    openai = [
        *(f"/v1/responses/{one}" for one in responses),
        *(f"/v1/responses/{one}?stream=true" for one in responses),
        *(f"/v1/responses/{one}/input_items" for one in responses),
    ]
    shown: list[Any] = []
    for path in (*rest, *openai):
        answer = await http.get(path, headers=who)
        assert answer.status_code < 500, (path, answer.text)
        shown.append((answer.status_code, answer.text))
    for task in (*left.tasks, left.waiting_task):
        body = rpc("GetTask", {"id": task})
        answer = await http.post("/a2a", json=body, headers={**who, **V1})
        assert "result" in answer.json(), answer.text
        shown.append(answer.json()["result"])
    return shown


async def gone_on_with(http: httpx.AsyncClient, who: dict[str, str], left: Left) -> None:
    """Every conversation takes another turn; what waited takes its answer, or has failed."""
    body = {"input": "three", "session_id": "s"}
    answer = await http.post("/invocations", json=body, headers=who)
    assert answer.status_code == 200, answer.text
    for previous in (left.responses[0], left.responses[-1], left.waiting_response):
        for _ in range(2):  # the first time what waits may fail: then it is over
            answer = await respond(http, who, input="three", previous_response_id=previous)
            assert answer.status_code in {200, 400, 404, 500}, answer.text
            if answer.status_code == 500:
                assert "interrupted" in answer.text, answer.text
    for more in ({"taskId": left.waiting_task}, {"contextId": "c"}, {"contextId": "c"}):
        body = rpc("SendMessage", {"message": message("three", **more)})
        answer = await http.post("/a2a", json=body, headers={**who, **V1})
        assert "result" in answer.json(), answer.text
        state = answer.json()["result"]["task"]["status"]["state"]
        assert state == "TASK_STATE_COMPLETED" or ("taskId" in more and "FAILED" in state)


Entry = tuple[int, Key, bytes]


def entries_of(folder: Path, owner: str) -> list[Entry]:
    with database(folder) as connection:
        rows = connection.execute(
            "SELECT e.place, s.collection, s.partition, s.id, e.entry FROM entries e"
            " JOIN streams s ON s.number = e.place >> 24 ORDER BY e.place"
        ).fetchall()
    return [(place, Key(*parts), entry) for place, *parts, entry in rows if parts[1] == owner]


def owner_of(folder: Path, run_id: str) -> str:
    with database(folder) as connection:
        (found,) = connection.execute(
            "SELECT partition FROM records WHERE collection = 'run' AND id = ?", (run_id,)
        ).fetchone()
    owner: str = found
    return owner


def damage(entry: bytes) -> st.SearchStrategy[bytes]:
    """Cut off, changed at one place, of another version, or something else altogether."""
    at = st.integers(0, len(entry) - 1)
    return st.one_of(
        at.map(lambda where: entry[:where]),
        st.tuples(at, st.binary(min_size=1, max_size=1)).map(
            lambda hit: entry[: hit[0]] + hit[1] + entry[hit[0] + 1 :]
        ),
        st.just(NEWER),
        st.just(entry.replace(b'{"v":1', b'{"v":2', 1)),
        st.binary(max_size=40),
    )


def is_readable(key: Key, place: int, value: bytes) -> bool:
    try:
        KNOWN_ENTRIES[key.collection](StreamEntry(key, position_of(place), value))
    except UnreadableRecordError:
        return False
    return True


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.reuse, Phase.generate, Phase.shrink],  # explaining traces every line
)
@given(data=st.data())
async def test_any_damage_costs_no_more_than_it_hit(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("streams")
    channels: list[Channel] = [RestChannel(), A2AChannel()]
    grace = timedelta()
    store = DiskStateStore(folder, lock_wait=grace)
    async with hosted(Telling(), more_channels=channels, store=store, grace=grace) as on:
        hers, his = await live(on.http, ALICE), await live(on.http, BOB)
        shown = await looked_at(on.http, BOB, his)
    owner = owner_of(folder, hers.runs[0])
    found = entries_of(folder, owner)
    assert {key.collection for _, key, _ in found} == {"journal", "history"}
    hit = data.draw(st.lists(st.sampled_from(found), min_size=1, max_size=8, unique=True))
    planted: dict[tuple[Key, int], bytes] = {}
    with database(folder) as connection:
        for place, key, entry in hit:
            value = data.draw(damage(entry))
            connection.execute("UPDATE entries SET entry = ? WHERE place = ?", (value, place))
            if not is_readable(key, place, value):
                planted[key, position_of(place)] = value
    store = DiskStateStore(folder, lock_wait=grace)
    async with hosted(Telling(), more_channels=channels, store=store, grace=grace) as on:
        await looked_at(on.http, ALICE, hers)
        await gone_on_with(on.http, ALICE, hers)
        assert await looked_at(on.http, BOB, his) == shown
        await gone_on_with(on.http, BOB, his)
        await looked_at(on.http, ALICE, hers)
        kept: dict[tuple[Key, int], bytes] = {}
        for one in await store.quarantined(limit=1000):
            aside = await store.find_quarantined(one.number)
            assert isinstance(aside, StreamEntry)
            kept[aside.stream, aside.position] = aside.value
        assert kept == planted


@pytest.mark.parametrize(
    ("lost", "statuses"),
    [
        ("input_required", ["incomplete", "completed"]),
        ("input_received", ["completed", "completed"]),
    ],
)
async def test_a_response_that_ends_where_nothing_can_be_read_has_an_end(
    lost: str, statuses: list[str], tmp_path: Path
) -> None:
    grace = timedelta()
    store = DiskStateStore(tmp_path, lock_wait=grace)
    async with hosted(Telling(), store=store, grace=grace) as on:
        asked = (await respond(on.http, ALICE, input="ask")).json()["id"]
        answered = await respond(on.http, ALICE, input="yes", previous_response_id=asked)
    with database(tmp_path) as connection:
        changed = connection.execute(
            "UPDATE entries SET entry = x'ff' WHERE instr(entry, ?)", (f'"type":"{lost}"'.encode(),)
        )
        assert changed.rowcount == 1
    store = DiskStateStore(tmp_path, lock_wait=grace)
    async with hosted(Telling(), store=store, grace=grace) as on:
        for response, status in zip((asked, answered.json()["id"]), statuses, strict=True):
            shown = await on.http.get(f"/v1/responses/{response}", headers=ALICE)
            assert shown.json()["status"] == status
            streamed = await on.http.get(f"/v1/responses/{response}?stream=true", headers=ALICE)
            assert f"event: response.{status}" in streamed.text
