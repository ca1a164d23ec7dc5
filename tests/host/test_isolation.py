"""One principal that speaks for many: its people and their chats have nothing in common."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host import AgentHost
from agent_host.context import current_isolation
from agent_host.errors import NotFoundError
from agent_host.host.record.idempotency_record import scope_of
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.testing.store_double import SeverableStore
from agent_host.types import (
    Allowed,
    Caller,
    ChannelIdentity,
    IsolationKey,
    IsolationKeys,
    Principal,
    RunStatus,
    Turn,
)
from tests.host.harness import CALLER, acting_as, finished, hosted, request, runs_of

ANNA, BOB = IsolationKeys(user="anna", chat="c1"), IsolationKeys(user="bob", chat="c1")
ANNA_ELSEWHERE = IsolationKeys(user="anna", chat="c2")
OTHERS = [BOB, ANNA_ELSEWHERE, IsolationKeys(user="anna"), IsolationKeys(chat="c1"), None]


@contextmanager
def speaking_for(keys: IsolationKeys | None) -> Generator[None]:
    token = current_isolation.set(keys)
    try:
        yield
    finally:
        current_isolation.reset(token)


async def who(turn: Turn) -> str:
    keys = current_isolation.get()
    assert keys == turn.isolation
    return f"{keys.user} in {keys.chat}" if keys else "nobody"


async def history(turn: Turn) -> str:
    return " ".join(message.text for message in turn.conversation_messages)


async def test_a_target_knows_whom_it_is_for() -> None:
    async with hosted(who) as context:
        for background in (False, True):
            for keys, expected in ((ANNA, "anna in c1"), (BOB, "bob in c1"), (None, "nobody")):
                with speaking_for(keys):
                    start = context.start if background else context.run
                    hosted_result = await start(request(background=background))
                    outcome = await finished(context, hosted_result.run.id)
                assert outcome.result is not None
                assert outcome.result.text == expected


@pytest.mark.parametrize("other", OTHERS)
async def test_nothing_of_one_is_there_for_another(other: IsolationKeys | None) -> None:
    async with hosted(history) as context:
        with speaking_for(ANNA):
            mine = await context.run(request("secret", session="s", idempotency_key="k"))
            mine_id = (await (await context.sessions(CALLER)).get("s")).session.id
        with speaking_for(other):
            runs = await runs_of(context)
            with pytest.raises(NotFoundError):
                await runs.get(mine.run.id)
            with pytest.raises(NotFoundError):
                await runs.cancel(mine.run.id)
            assert (await runs.list()).items == ()
            sessions = await context.sessions(CALLER)
            for name in ("s", mine_id):
                with pytest.raises(NotFoundError):
                    await sessions.get(name)
            theirs = await context.run(request("hi", session="s", idempotency_key="k"))
            assert theirs.result is not None
            assert (theirs.result.text, theirs.replayed) == ("hi", False)
            with pytest.raises(NotFoundError):
                await context.run(request("hi", session=mine_id))
        with speaking_for(ANNA):
            again = await context.run(request("more", session="s"))
            assert again.result is not None
            assert again.result.text.startswith("secret")


class Linked:
    """An authorizer that has linked everybody to one person."""

    async def authorize(
        self, caller: Caller, *, principal: Principal, isolation_key: IsolationKey
    ) -> Allowed:
        del caller, principal, isolation_key
        return Allowed(isolation_key=IsolationKey("iso_linked"))


async def test_a_link_does_not_bring_them_together() -> None:
    async with hosted(history, authorizer=Linked()) as context:
        with speaking_for(ANNA):
            mine = await context.run(request("secret"))
        with speaking_for(BOB), pytest.raises(NotFoundError):
            await (await runs_of(context)).get(mine.run.id)
        with acting_as("alice's phone"), speaking_for(ANNA):
            assert (await (await runs_of(context)).get(mine.run.id)).run.id == mine.run.id


async def test_a_run_that_another_process_does_is_still_for_the_same() -> None:
    """The first process is gone before it has done what it accepted."""
    clock = ManualClock()
    async with MemoryStateStore(clock=clock) as memory:
        severed = SeverableStore(memory)
        first = AgentHost(who, store=severed, clock=clock)
        async with first:
            with acting_as("platform"), speaking_for(ANNA):
                accepted = await first.context.start(request(background=True))
            severed.cut = True
        clock.advance(timedelta(hours=1))
        second = AgentHost(who, store=SeverableStore(memory), clock=clock)
        async with second, asyncio.timeout(10):
            with acting_as("platform"), speaking_for(ANNA):
                outcome = await finished(second.context, accepted.run.id)
    assert outcome.run.status is RunStatus.COMPLETED
    assert outcome.result is not None
    assert outcome.result.text == "anna in c1"


# Few and confusable characters, so that joined parts often read the same.
parts = st.text(alphabet="a1:.|\0é\ud800", max_size=3)
scopes = st.tuples(
    st.builds(
        Caller,
        channel=parts,
        account=parts,
        identity=st.none()
        | st.builds(
            ChannelIdentity, channel=st.just(""), account=st.just(""), native_id=parts, tenant=parts
        ),
    ),
    st.none()
    | st.builds(
        Principal, id=parts, kind=st.sampled_from(["anonymous", "token", "channel"]), tenant=parts
    ),
    st.none() | st.builds(IsolationKeys, user=st.none() | parts, chat=st.none() | parts),
)


@given(first=scopes, second=scopes)
def test_idempotency_keys_of_two_callers_never_meet(
    first: tuple[Caller, Principal | None, IsolationKeys | None],
    second: tuple[Caller, Principal | None, IsolationKeys | None],
) -> None:
    def who_counts(scope: tuple[Caller, Principal | None, IsolationKeys | None]) -> object:
        caller, principal, keys = scope
        return caller, principal if caller.identity is None else None, keys

    same = scope_of(*first) == scope_of(*second)
    assert same == (who_counts(first) == who_counts(second))
