"""What is counted, and that the number of series does not grow with those who come."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host import AgentHost
from agent_host.errors import ConflictError, PermanentTaskError
from agent_host.observability.instrument import Instruments
from agent_host.observability.observed_runner import ObservedRunner
from agent_host.observability.observed_store import ObservedStore
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.stores.memory import MemoryStateStore
from agent_host.system import SystemClock
from agent_host.telemetry import OTHER, BoundedWords, to_word
from agent_host.testing.manual_clock import ManualClock
from agent_host.types import (
    Key,
    Put,
    RetryPolicy,
    Task,
    TaskSpec,
    TaskStatus,
    ToolCallFinished,
    ToolCallStarted,
    Turn,
)
from agent_host.types.store import Append, SetAside, SetAsideEntry
from agent_host.types.task import TaskCounts
from agent_host_rest import RestChannel
from tests.host.harness import acting_as, hosted, request
from tests.telemetry.recording import Recording, attributes_of
from tests.telemetry.target import Gated, ToolUser, busy, echo


async def test_runs_are_counted_by_channel_and_end() -> None:
    recording = Recording()
    async with hosted(ToolUser(), telemetry=recording.telemetry) as context:
        for _ in range(3):
            await context.run(request("x"))
    async with hosted(busy, telemetry=recording.telemetry) as context:
        await context.run(request("x"))
    channel = {"agent_host__channel": "test"}
    total = recording.total
    assert total("agent_host.run.started", **channel) == 4
    assert total("agent_host.run.finished", agent_host__run__status="completed", **channel) == 3
    assert total("agent_host.run.finished", error__type="rate_limit", **channel) == 1
    assert total("agent_host.run.duration", **channel) == 4
    assert total("agent_host.run.active", **channel) == 0
    assert total("agent_host.run.time_to_first_event") == 3
    assert total("gen_ai.invoke_agent.duration") == 4
    assert total("gen_ai.execute_tool.duration", gen_ai__tool__name="search") == 3
    assert total("agent_host.store.commit.duration") >= 4
    tokens = {
        point.attributes["gen_ai.token.type"]: point.sum
        for point in recording.points("gen_ai.client.token.usage")
    }
    assert tokens == {"input": 120, "output": 15}


async def test_a_thousand_people_and_tools_make_no_more_series() -> None:
    class Inventive:
        description, capabilities = ToolUser.description, ToolUser.capabilities

        async def run(self, turn: Turn):  # type: ignore[no-untyped-def]  # noqa: ANN202
            yield ToolCallStarted(call_id=turn.text, name=f"tool_{turn.text}")
            yield ToolCallFinished(call_id=turn.text, name=f"tool_{turn.text}")

    recording = Recording()
    async with hosted(Inventive(), telemetry=recording.telemetry) as context:
        for number in range(1000):
            with acting_as(f"person-{number}"):
                await context.run(
                    request(str(number), session=f"s{number}", idempotency_key=f"k{number}")
                )
    series = {metric.name: len(metric.data.data_points) for metric in recording.metrics()}
    assert series.pop("gen_ai.execute_tool.duration") == 65
    assert max(series.values()) <= 2, series


async def test_requests_and_open_streams_are_counted() -> None:
    recording, target = Recording(), Gated()
    host = AgentHost(target, channels=[RestChannel()], telemetry=recording.telemetry)
    transport = httpx.ASGITransport(host.app)
    async with host, httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = asyncio.ensure_future(
            client.post("/invocations", json={"input": "x", "stream": True})
        )
        while not recording.total("agent_host.http.active_streams"):
            await asyncio.sleep(0)
        assert recording.total("http.server.active_requests") == 1
        target.may_end.set()
        assert (await answer).status_code == 200
        await client.request("BREW", "/invocations/who/knows")
    assert recording.total("agent_host.http.active_streams") == 0
    assert recording.total("http.server.active_requests") == 0
    points = recording.points("http.server.request.duration")
    assert {point.attributes["http.request.method"] for point in points} == {"POST", "_OTHER"}
    assert all("who" not in str(dict(point.attributes)) for point in points)


async def test_attempts_and_dead_letters_are_counted() -> None:
    recording, clock = Recording(), SystemClock()
    instruments = Instruments(
        recording.telemetry.tracer_provider, recording.telemetry.meter_provider
    )
    dead: list[Task] = []
    async with MemoryStateStore() as store:
        inner = StoreTaskRunner(store, on_buried=dead.append)
        async with ObservedRunner(inner, instruments, clock) as runner:

            async def refuse(task: Task) -> None:
                message = "a secret"
                raise PermanentTaskError(message)

            runner.register("push", refuse, concurrency=1, retry=RetryPolicy())
            assert not runner.durable
            task = await runner.schedule(TaskSpec(kind="push", payload=b"{}"))
            runner.resume()
            while not (await runner.dead_letters()).items:
                await asyncio.sleep(0)
            found = await runner.get(task.id)
            assert found is not None
            assert found.status is TaskStatus.DEAD
            assert not await runner.cancel(task.id)
            assert await runner.replay(task.id)
            while len(dead) < 2:
                await asyncio.sleep(0)
            assert await runner.purge(task.id)
    kind = {"agent_host__task__kind": "push"}
    assert recording.total("agent_host.task.scheduled", **kind) == 1
    outcome = {"agent_host__task__outcome": "permanent"}
    assert recording.total("agent_host.task.attempt.duration", **kind, **outcome) == 2
    assert recording.total("agent_host.task.queue.duration", **kind) == 2
    assert recording.total("agent_host.task.running", **kind) == 0
    for span in recording.named("attempt push"):
        assert attributes_of(span)["error.type"] == "permanent"
    assert "secret" not in recording.everything()


async def test_a_dead_letter_of_a_host_is_counted() -> None:
    recording = Recording()
    host = AgentHost(echo, telemetry=recording.telemetry)
    observation = host._observation  # pyright: ignore[reportPrivateUsage]
    assert observation is not None
    assert observation.on_buried is not None
    async with MemoryStateStore() as store:
        runner = StoreTaskRunner(store, on_buried=observation.on_buried)
        async with runner:

            async def refuse(task: Task) -> None:
                raise PermanentTaskError

            runner.register("push", refuse, concurrency=1, retry=RetryPolicy())
            await runner.schedule(TaskSpec(kind="push", payload=b"{}"))
            runner.resume()
            while not recording.total("agent_host.task.dead_letters"):
                await asyncio.sleep(0)
    assert recording.total("agent_host.task.dead_letters", agent_host__task__kind="push") == 1


async def test_what_waits_and_for_how_long_is_shown() -> None:
    recording = Recording()
    host = AgentHost(echo, telemetry=recording.telemetry)
    observation = host._observation  # pyright: ignore[reportPrivateUsage]
    assert observation is not None
    assert observation.on_counted is not None
    now = ManualClock().now()
    late = TaskCounts(waiting=3, oldest_due_at=now - timedelta(minutes=2))
    early = TaskCounts(waiting=1, oldest_due_at=now + timedelta(days=1))
    observation.on_counted({"push": late, "event": early, "idle": TaskCounts()}, now)
    for kind, waiting, age in (("push", 3, 120), ("event", 1, 0), ("idle", 0, 0)):
        labels = {"agent_host__task__kind": kind}
        assert recording.total("agent_host.task.waiting", **labels) == waiting
        assert recording.total("agent_host.task.oldest.age", **labels) == age


async def test_a_commit_that_fails_is_counted_by_its_code() -> None:
    recording = Recording()
    instruments = Instruments(
        recording.telemetry.tracer_provider, recording.telemetry.meter_provider
    )
    key = Key("things", "p", "1")
    async with ObservedStore(MemoryStateStore(), instruments, SystemClock()) as store:
        await store.commit([Put(key, b"x")])
        with pytest.raises(ConflictError):
            await store.commit([Put(key, b"x", expect=7)])
    assert recording.total("agent_host.store.commit.duration", error__type="conflict") == 1
    assert recording.spans == [], "a commit that belongs to nothing is no trace"


async def test_what_is_set_aside_is_counted_by_its_collection() -> None:
    recording = Recording()
    instruments = Instruments(
        recording.telemetry.tracer_provider, recording.telemetry.meter_provider
    )
    key = Key("things", "p", "1")
    async with ObservedStore(MemoryStateStore(), instruments, SystemClock()) as store:
        await store.commit([Put(key, b"x")])
        with pytest.raises(ConflictError):
            await store.commit([SetAside(key, 7, "damaged")])
        await store.commit([SetAside(key, 1, "damaged")])
        await store.commit([Append(key._replace(collection="told"), (b"x",))])
        await store.commit([SetAsideEntry(key._replace(collection="told"), 0, b"x", "damaged")])
    name = "agent_host.store.records_set_aside"
    assert recording.total(name, agent_host__store__collection="things") == 1
    assert recording.total(name, agent_host__store__collection="told") == 1


@given(st.lists(st.text(), max_size=30))
def test_words_are_bounded_whatever_comes(texts: list[str]) -> None:
    words = BoundedWords(limit=5)
    assert len({words(text) for text in texts}) <= 6
    assert all(words(text) == OTHER for text in texts if to_word(text) == OTHER)


@given(st.text())
def test_a_word_is_short_and_plain(text: str) -> None:
    word = to_word(text)
    assert word == OTHER or (word == text and len(word) <= 64 and word.isascii())
