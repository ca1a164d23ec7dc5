"""One key, one run."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.errors import IdempotencyConflictError
from agent_host.host.record.idempotency_record import fingerprint_of, scope_of
from agent_host.types import Caller, ChannelIdentity, Principal
from tests.host.harness import acting_as, hosted, request


class Counting:
    """Counts its turns."""

    def __init__(self) -> None:
        self.turns = 0

    async def run(self, text: str) -> str:
        self.turns += 1
        await asyncio.sleep(0)
        return f"{text} {self.turns}"


async def test_a_repeated_request_gets_the_run_it_made_before() -> None:
    target = Counting()
    async with hosted(target) as context:
        first = await context.run(request("x", idempotency_key="k"))
        again = await context.run(request("x", idempotency_key="k"))
    assert target.turns == 1
    assert (first.replayed, again.replayed) == (False, True)
    assert (again.run, again.result) == (first.run, first.result)


async def test_repeats_at_the_same_moment_make_one_run() -> None:
    target = Counting()
    async with hosted(target) as context:
        outcomes = await asyncio.gather(
            *(context.run(request("x", session="s", idempotency_key="k")) for _ in range(20))
        )
    assert target.turns == 1
    assert len({one.run.id for one in outcomes}) == 1
    assert len({one.result.text for one in outcomes if one.result}) == 1


async def test_a_repeat_in_the_background_or_as_a_stream_finds_its_run() -> None:
    target = Counting()
    async with hosted(target) as context:
        accepted = await context.start(request("x", background=True, idempotency_key="k"))
        again = await context.start(request("x", background=True, idempotency_key="k"))
        assert again.run.id == accepted.run.id
        async with context.stream(request("x", background=True, idempotency_key="k")) as stream:
            assert stream.replayed
            assert [entry.sequence async for entry in stream] == [0, 1]
    assert target.turns == 1


async def test_the_key_with_another_request_is_an_error() -> None:
    async with hosted(Counting()) as context:
        await context.run(request("x", idempotency_key="k"))
        with pytest.raises(IdempotencyConflictError):
            await context.run(request("y", idempotency_key="k"))


async def test_somebody_elses_key_is_another_key() -> None:
    target = Counting()
    async with hosted(target) as context:
        mine = await context.run(request("x", idempotency_key="k"))
        with acting_as("bob"):
            theirs = await context.run(request("y", idempotency_key="k"))
    assert mine.run.id != theirs.run.id
    assert target.turns == 2


names = st.text(max_size=8)


@given(names, names, names, names, names, names)
def test_scopes_never_collide(a: str, b: str, c: str, d: str, e: str, f: str) -> None:
    def scope(channel: str, account: str, native: str) -> str:
        identity = ChannelIdentity(channel=channel, account=account, native_id=native)
        return scope_of(Caller(channel=channel, account=account, identity=identity), None)

    assert (scope(a, b, c) == scope(d, e, f)) == ((a, b, c) == (d, e, f))


def test_a_person_of_a_channel_is_not_a_principal_of_the_same_name() -> None:
    caller = Caller(channel="c")
    identity = ChannelIdentity(channel="c", account="default", native_id="x")
    known = scope_of(caller, Principal(id="x", kind="token"))
    assert known != scope_of(Caller(channel="c", identity=identity), None)
    assert known != scope_of(caller, Principal(id="x", kind="api_key"))
    assert known != scope_of(caller, None)


def test_the_fingerprint_covers_everything_that_was_asked() -> None:
    plain = fingerprint_of(request("x"))
    assert plain == fingerprint_of(request("x"))
    for other in (
        request("y"),
        request("x", session="s"),
        request("x", options={"a": 1}),
        request("x", metadata={"a": 1}),
        request("x", background=True),
    ):
        assert fingerprint_of(other) != plain
