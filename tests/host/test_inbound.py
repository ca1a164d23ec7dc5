"""Events: stored before they are acknowledged, and made into runs once, whatever dies meanwhile."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host import AgentHost
from agent_host.asgi.errors import answer_for, retry_after_seconds
from agent_host.context import current_isolation
from agent_host.errors import (
    BacklogFullError,
    ConflictError,
    HostError,
    RequestError,
    StoreUnavailableError,
    UnauthenticatedError,
)
from agent_host.host.inbound.event import key_of, lane_of
from agent_host.protocols.host_context import HostContext
from agent_host.protocols.state_store import StateStore
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.runner.task_record import TASKS, WHOLE
from agent_host.stores.memory import MemoryStateStore
from agent_host.system import SystemIdFactory
from agent_host.testing.manual_clock import ManualClock
from agent_host.types import (
    Caller,
    ChannelIdentity,
    ChannelRequest,
    Conversation,
    Denied,
    IsolationKey,
    IsolationKeys,
    Lease,
    Message,
    Principal,
    Put,
    RunStatus,
    TaskId,
    Turn,
    Write,
)
from agent_host.types.inbound import InboundPolicy
from tests.host.harness import acting_as, hosted
from tests.host.killed import QUICK, SurvivingStore


def event(text: str = "hello", *, person: str = "U1", room: str | None = None) -> ChannelRequest:
    """What a chat platform brought."""
    identity = ChannelIdentity(channel="chat", account="bot", native_id=person)
    conversation = None if room is None else Conversation(id=room, kind="group")
    caller = Caller(channel="chat", account="bot", identity=identity, conversation=conversation)
    return ChannelRequest(caller=caller, input=(Message.user(text),))


class Notebook:
    """A target that notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answered = asyncio.Condition()

    async def run(self, turn: Turn) -> str:
        async with self.answered:
            self.asked.append(turn.text)
            self.answered.notify_all()
        return turn.text.upper()

    async def until(self, count: int) -> list[str]:
        async with self.answered:
            await self.answered.wait_for(lambda: len(self.asked) >= count)
            return list(self.asked)


async def runs_of(context: HostContext, asked: ChannelRequest) -> list[RunStatus]:
    """The runs of whoever sent it, once they are over."""
    view = await context.runs(asked.caller)
    for run in (await view.list()).items:
        async for _ in view.events(run.id):
            pass
    return [run.status for run in (await view.list()).items]


class Deaf:
    """An authorizer that knows nobody."""

    async def authorize(
        self, caller: Caller, *, principal: Principal, isolation_key: IsolationKey
    ) -> Denied:
        del caller, principal, isolation_key
        return Denied(reason_code="stranger")


async def test_an_event_becomes_a_run_of_the_one_it_is_from() -> None:
    notebook = Notebook()
    async with hosted(notebook) as context:
        taken = await context.accept("E1", event())
        await notebook.until(1)

        assert not taken.is_duplicate
        assert await runs_of(context, event()) == [RunStatus.COMPLETED]
        assert await runs_of(context, event(person="U2")) == []


async def test_an_event_that_is_sent_again_is_taken_once() -> None:
    notebook = Notebook()
    async with hosted(notebook) as context:
        first = await context.accept("E1", event())
        again = await asyncio.gather(*(context.accept("E1", event()) for _ in range(8)))
        await context.accept("E2", event("last"))
        await notebook.until(2)

        assert {taken.event_id for taken in again} == {first.event_id}
        assert all(taken.is_duplicate for taken in again)
        assert sorted(notebook.asked) == ["hello", "last"]


async def test_the_same_id_of_another_account_is_another_event() -> None:
    notebook = Notebook()
    async with hosted(notebook) as context:
        await context.accept("E1", event("one"))
        other = event("two")
        other = replace(other, caller=replace(other.caller, account="other_bot"))
        assert not (await context.accept("E1", other)).is_duplicate
        assert sorted(await notebook.until(2)) == ["one", "two"]


async def test_events_of_a_conversation_keep_their_order() -> None:
    notebook = Notebook()
    texts = [str(number) for number in range(20)]
    async with hosted(notebook) as context:
        for text in texts:
            asked = replace(event(text, room="C1"), session="C1")
            await context.accept(f"E{text}", asked)
        assert await notebook.until(20) == texts


async def test_a_full_backlog_keeps_nothing_and_says_when_to_come_again() -> None:
    at_work, go_on = asyncio.Event(), asyncio.Event()

    async def held(text: str) -> str:
        return text

    class Slow:
        async def resolve_identity(self, identity: ChannelIdentity) -> IsolationKey:
            at_work.set()
            await go_on.wait()
            return IsolationKey(f"iso_{identity.native_id}")

        async def resolve_principal(self, principal: Principal) -> IsolationKey:
            return IsolationKey(f"iso_{principal.id}")

    policy = InboundPolicy(backlog_limit=3, busy_retry_after=timedelta(seconds=7))
    host = AgentHost(held, identity_resolver=Slow(), inbound_policy=policy)
    async with host:
        for number in range(3):
            await host.context.accept(f"E{number}", event(person=f"U{number}"))
        await at_work.wait()
        with pytest.raises(BacklogFullError) as refused:
            await host.context.accept("E3", event())
        assert refused.value.retry_after == timedelta(seconds=7)
        assert answer_for(refused.value).status == 503
        assert retry_after_seconds(refused.value, answer_for(refused.value)) == 7

        go_on.set()
        while True:
            try:
                taken = await host.context.accept("E3", event())
                break
            except BacklogFullError:
                await asyncio.sleep(0)
        assert not taken.is_duplicate, "what was refused was not kept"


async def test_events_that_an_operator_cancelled_make_room() -> None:
    store, clock, ids = MemoryStateStore(), ManualClock(), SystemIdFactory()
    runner = StoreTaskRunner(store, clock=clock)
    host = AgentHost(
        Notebook(),
        store=store,
        runner=runner,
        clock=clock,
        ids=ids,
        inbound_policy=InboundPolicy(backlog_limit=1),
    )
    async with store, runner:  # the host is not started, so that nothing is worked on
        await host.context.accept("E1", event())
        (waiting,) = await store.scan(TASKS, WHOLE)
        await runner.cancel(TaskId(waiting.key.id))
        with pytest.raises(BacklogFullError):
            await host.context.accept("E2", event())

        clock.advance(timedelta(seconds=5))
        await host.context.accept("E2", event())


async def test_a_key_that_cannot_be_read_is_set_aside_and_the_event_is_taken_again() -> None:
    store, asked = MemoryStateStore(), event()
    notebook = Notebook()
    async with hosted(notebook, store=store) as context:
        first = await context.accept("E1", asked)
        await store.commit([Put(key_of(asked.caller, "E1"), b"\x80")])
        with pytest.raises(ConflictError):  # the platform sends it again
            await context.accept("E1", asked)
        again = await context.accept("E1", asked)
        assert not again.is_duplicate
        assert again.event_id != first.event_id


async def test_what_an_earlier_process_left_counts() -> None:
    store = MemoryStateStore()
    policy = InboundPolicy(backlog_limit=1)
    async with store:
        for key, full in (("E1", False), ("E2", True)):
            runner = StoreTaskRunner(store)
            host = AgentHost(Notebook(), store=store, runner=runner, inbound_policy=policy)
            async with runner:
                if not full:
                    await host.context.accept(key, event())
                    continue
                with pytest.raises(BacklogFullError):
                    await host.context.accept(key, event())


async def test_a_stranger_is_acknowledged_and_not_served() -> None:
    notebook = Notebook()
    told: list[tuple[str, str]] = []
    done = asyncio.Event()

    async def tell(event_id: str, request: ChannelRequest, error: HostError) -> None:
        assert event_id.startswith("evt_")
        told.append((request.caller.channel, error.code))
        done.set()

    host = AgentHost(notebook, authorizer=Deaf(), tell_refused=tell)
    async with host:
        await host.context.accept("E1", event())
        await done.wait()
    assert told == [("chat", "denied")]
    assert notebook.asked == []


async def test_who_the_edge_knew_is_known_behind_the_acknowledgement() -> None:
    seen: list[tuple[str | None, str | None]] = []
    over = asyncio.Event()

    async def look(turn: Turn) -> str:
        isolation = current_isolation.get()
        seen.append((turn.principal.id, None if isolation is None else isolation.chat))
        over.set()
        return turn.text

    host = AgentHost(look)
    async with host:
        token = current_isolation.set(IsolationKeys(chat="room"))
        with acting_as("alice"):
            await host.context.accept("E1", event_of_nobody())
        current_isolation.reset(token)
        await over.wait()
    assert seen == [("alice", "room")]


def event_of_nobody() -> ChannelRequest:
    """An event whose channel saw nobody: the host's authenticator says who it is."""
    return ChannelRequest(caller=Caller(channel="hook"), input=(Message.user("hello"),))


async def test_what_cannot_be_taken_is_said_before_the_acknowledgement() -> None:
    host = AgentHost(Notebook())
    async with host:
        with pytest.raises(UnauthenticatedError):
            await host.context.accept("E1", event_of_nobody())
        with pytest.raises(RequestError, match="empty"):
            await host.context.accept("E1", replace(event(), input=()))
        host.begin_draining()
        await host.context.accept("E1", event())  # the runner still takes what it can keep
    with pytest.raises(HostError):
        await host.context.accept("E2", event())


class DyingStore(SurvivingStore):
    """Its process is killed at one of its commits: just before it, or just after."""

    def __init__(self, store: StateStore, *, at: int, after: bool) -> None:
        super().__init__(store)
        self._left = at
        self._after = after
        self.died = asyncio.Event()

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        self._left -= 1
        if self._left:
            return await super().commit(writes, fence=fence)
        if self._after:
            await super().commit(writes, fence=fence)
        self.cut = True
        self.died.set()
        raise StoreUnavailableError


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 13))
async def test_a_crash_between_any_two_steps_neither_loses_nor_doubles(
    at: int, *, after: bool
) -> None:
    store = MemoryStateStore()
    asked = event()
    notebook = Notebook()
    async with store:
        dying = DyingStore(store, at=at, after=after)
        acknowledged = await _first_life(dying, notebook, asked)
        second = AgentHost(notebook, store=SurvivingStore(store), run_policy=QUICK)
        async with second:
            if not acknowledged:
                # Whether it was kept or not: the platform sends it again.
                await second.context.accept("E1", asked)
            await second.context.accept("E2", event("last"))
            statuses = await _until_two(second.context, asked)

    assert len(statuses) == 2, "one run for each event"
    assert Counter(notebook.asked)["hello"] <= 2


async def _first_life(dying: DyingStore, notebook: Notebook, asked: ChannelRequest) -> bool:
    host = AgentHost(notebook, store=dying, run_policy=QUICK, grace=timedelta())
    async with host:
        try:
            await host.context.accept("E1", asked)
        except StoreUnavailableError:
            await dying.kill()
            return False
        over = asyncio.ensure_future(_until_over(host.context, asked))
        died = asyncio.ensure_future(dying.died.wait())
        await asyncio.wait((over, died), return_when=asyncio.FIRST_COMPLETED)
        for task in (over, died):
            task.cancel()
        await asyncio.gather(over, died, return_exceptions=True)
        await dying.kill()
        return True


async def _until_over(context: HostContext, asked: ChannelRequest) -> None:
    while not any(status.is_terminal for status in await runs_of(context, asked)):
        await asyncio.sleep(0)


async def _until_two(context: HostContext, asked: ChannelRequest) -> list[RunStatus]:
    while True:
        statuses = await runs_of(context, asked)
        if len(statuses) >= 2 and all(status.is_terminal for status in statuses):
            return statuses
        await asyncio.sleep(0)


@given(st.lists(st.tuples(st.text(), st.text(), st.text()), min_size=2, max_size=2, unique=True))
def test_no_two_events_share_a_key(two: list[tuple[str, str, str]]) -> None:
    first, second = (key_of(Caller(channel=c, account=a), key) for c, a, key in two)
    assert first != second


@given(st.text(), st.text())
def test_a_person_and_a_room_of_one_name_are_two_lanes(channel: str, name: str) -> None:
    identity = ChannelIdentity(channel=channel, account="bot", native_id=name)
    person = Caller(channel=channel, account="bot", identity=identity)
    room = replace(person, conversation=Conversation(id=name, kind="group"))
    assert lane_of(person) != lane_of(room)
