"""A locked channel: strangers get a code, operators decide, and nobody learns more than that."""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent_host import AgentHost
from agent_host.errors import ConfigurationError, DeniedError, NotFoundError, StoreFullError
from agent_host.identity.access_policy import AuthPolicy, HostAccessPolicy
from agent_host.identity.option import PeopleOptions
from agent_host.pairing.book import PairingBook
from agent_host.pairing.record import pairing_id
from agent_host.stores.disk import DiskStateStore
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.manual_clock import ManualClock
from agent_host.types import ChannelIdentity, Key, Lease, Put, Record, Write
from agent_host.types.pairing import PairingPolicy, PairingVerdict
from tests.host.life import ROOM, caller_of, found_in, identity_of, kept_in, turn_of
from tests.pairing.channel import StillChannel

CODE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}")
POLICY = PairingPolicy(channels=("chat",))
APPROVED, DENIED = PairingVerdict.APPROVED, PairingVerdict.DENIED


async def echo(text: str) -> str:
    return text


@asynccontextmanager
async def locked(
    policy: PairingPolicy = POLICY, **options: Any
) -> AsyncGenerator[tuple[AgentHost, PairingBook]]:
    channels = [StillChannel("chat"), StillChannel("mail")]
    host = AgentHost(echo, channels=channels, pairing=policy, **options)
    async with host:
        book = host.pairing
        assert isinstance(book, PairingBook)
        yield host, book


async def told(host: AgentHost, name: str, **where: Any) -> str:
    """What somebody is told who is not let in."""
    with pytest.raises(DeniedError) as caught:
        await host.context.run(turn_of(caller_of(name, **where), "hello"))
    return str(caught.value)


def code_in(text: str) -> str:
    found = CODE.search(text)
    assert found is not None
    return found[0]


def same_form(text: str) -> str:
    return CODE.sub("CODE", text)


async def test_somebody_asks_and_is_let_in() -> None:
    async with locked() as (host, book):
        code = code_in(await told(host, "alice"))
        (waiting,) = (await book.waiting()).items
        assert waiting.identity == identity_of("alice")
        pairing = await book.decide(code.lower(), APPROVED, by="op")
        assert (pairing.identity, pairing.decided_by) == (identity_of("alice"), "op")
        await host.context.run(turn_of(caller_of("alice"), "hello"))
        assert (await book.waiting()).items == ()
        assert (await book.decided()).items == (pairing,)


async def test_others_are_not_let_in_with_them() -> None:
    async with locked() as (host, book):
        await book.decide(code_in(await told(host, "alice")), APPROVED, by="op")
        await told(host, "mallory")
        other_bot = ChannelIdentity(
            channel="chat", account="other", native_id=identity_of("alice").native_id
        )
        other_tenant = ChannelIdentity(
            channel="chat", account="bot", native_id=other_bot.native_id, tenant="other"
        )
        for identity in (other_bot, other_tenant):
            assert not await book.is_approved(identity)
        # Another channel is not locked.
        await host.context.run(turn_of(caller_of("mallory", "mail"), "hello"))


async def test_a_code_can_be_used_once() -> None:
    async with locked() as (host, book):
        code = code_in(await told(host, "alice"))
        done = await asyncio.gather(
            *(book.decide(code, APPROVED, by=str(by)) for by in range(5)), return_exceptions=True
        )
        assert [isinstance(one, NotFoundError) for one in done].count(False) == 1


async def test_nobody_can_tell_waiting_denied_and_one_too_many_apart() -> None:
    policy = PairingPolicy(channels=("chat",), pending_limit_per_channel=2)
    async with locked(policy) as (host, book):
        first = await told(host, "alice")
        assert await told(host, "alice") == first
        await book.decide(code_in(first), DENIED, by="op")
        assert await told(host, "alice") == first
        texts = {same_form(await told(host, name)) for name in ("bob", "carol", "dave", "erin")}
        assert texts == {same_form(first)}
        assert len((await book.waiting()).items) == 2
        with pytest.raises(NotFoundError):
            await book.decide(code_in(first), APPROVED, by="op")


async def test_in_a_group_nothing_is_said_and_nobody_waits() -> None:
    async with locked() as (host, book):
        text = await told(host, "alice", conversation=ROOM)
        assert CODE.search(text) is None
        assert (await book.waiting()).items == ()


@pytest.mark.parametrize(
    "policy",
    [
        PairingPolicy(channels=("chat",), pending_limit_per_channel=3),
        PairingPolicy(channels=("chat",), pending_limit=3),
        PairingPolicy(channels=("chat",), requests_per_minute=3),
    ],
)
async def test_a_flood_of_strangers_is_bounded(policy: PairingPolicy) -> None:
    clock = ManualClock()
    async with locked(policy, clock=clock, store=MemoryStateStore(clock=clock)) as (host, book):
        for number in range(20):
            await told(host, f"stranger{number}")
        assert len((await book.waiting()).items) == 3


async def test_who_was_one_too_many_can_ask_again_later() -> None:
    clock = ManualClock()
    policy = PairingPolicy(channels=("chat",), pending_limit_per_channel=1)
    async with locked(policy, clock=clock, store=MemoryStateStore(clock=clock)) as (host, book):
        await book.decide(code_in(await told(host, "alice")), APPROVED, by="op")
        await told(host, "bob")
        code = code_in(await told(host, "carol"))
        with pytest.raises(NotFoundError):
            await book.decide(code, APPROVED, by="op")
        (bob,) = (await book.waiting()).items
        assert bob.identity == identity_of("bob")
        await book.decide(code_in(await told(host, "bob")), APPROVED, by="op")
        clock.advance(timedelta(minutes=1))
        code = code_in(await told(host, "carol"))
        assert (await book.decide(code, APPROVED, by="op")).identity == identity_of("carol")


async def test_codes_expire_and_the_next_one_replaces_them() -> None:
    clock = ManualClock()
    async with locked(clock=clock, store=MemoryStateStore(clock=clock)) as (host, book):
        code = code_in(await told(host, "alice"))
        clock.advance(POLICY.time_to_live)
        assert (await book.waiting()).items == ()
        with pytest.raises(NotFoundError):
            await book.decide(code, APPROVED, by="op")
        newer = code_in(await told(host, "alice"))
        assert newer != code
        await book.decide(newer, APPROVED, by="op")


async def test_a_code_of_an_earlier_process_leads_nowhere_once_there_is_a_newer(
    tmp_path: Path,
) -> None:
    async with locked(store=DiskStateStore(tmp_path)) as (host, _):
        before = code_in(await told(host, "alice"))
    async with locked(store=DiskStateStore(tmp_path)) as (host, book):
        after = code_in(await told(host, "alice"))
        with pytest.raises(NotFoundError):
            await book.decide(before, APPROVED, by="op")
        await book.decide(after, APPROVED, by="op")
    async with locked(store=DiskStateStore(tmp_path)) as (host, _):
        await host.context.run(turn_of(caller_of("alice"), "hello"))


async def test_a_denial_holds_and_can_be_taken_back() -> None:
    clock = ManualClock()
    async with locked(clock=clock, store=MemoryStateStore(clock=clock)) as (host, book):
        denied = await book.decide(code_in(await told(host, "alice")), DENIED, by="op")
        clock.advance(POLICY.time_to_live)
        await told(host, "alice")
        assert (await book.waiting()).items == ()
        await book.revoke(denied.id)
        code = code_in(await told(host, "alice"))
        approved = await book.decide(code, APPROVED, by="op")
        await host.context.run(turn_of(caller_of("alice"), "hello"))
        await book.revoke(approved.id)
        await told(host, "alice")
        with pytest.raises(NotFoundError):
            await book.revoke(approved.id)


@pytest.mark.parametrize(
    "guess", ["", "ABCD-EFGH", "abcd efgh", "x" * 500, "ÄBCD-EFGH", "0000-000"]
)
async def test_guesses_read_the_same(guess: str) -> None:
    async with locked() as (host, book):
        await told(host, "alice")
        with pytest.raises(NotFoundError) as caught:
            await book.decide(guess, APPROVED, by="op")
        assert str(caught.value) == "There is no such code."


async def test_no_code_is_at_rest(tmp_path: Path) -> None:
    async with locked(store=DiskStateStore(tmp_path)) as (host, _):
        code = code_in(await told(host, "alice"))
    assert found_in(tmp_path, code, code.replace("-", ""), code.lower()) == {}


async def test_whoever_a_list_names_needs_no_pairing() -> None:
    ids = {channel: [identity_of("alice").native_id] for channel in ("chat", "mail")}
    people = PeopleOptions(access=HostAccessPolicy(policy=AuthPolicy.native_ids(ids)))
    async with locked(people=people) as (host, book):
        await host.context.run(turn_of(caller_of("alice"), "hello"))
        await book.decide(code_in(await told(host, "bob")), APPROVED, by="op")
        await host.context.run(turn_of(caller_of("bob"), "hello"))


async def test_pages_of_who_waits_are_whole() -> None:
    policy = PairingPolicy(channels=("chat", "mail"))
    async with locked(policy) as (host, book):
        for name in ("alice", "bob", "carol"):
            for channel in ("chat", "mail"):
                await told(host, name, channel=channel)
        found: list[ChannelIdentity] = []
        cursor: str | None = None
        while True:
            page = await book.waiting(cursor=cursor, limit=2)
            found += [one.identity for one in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert len(found) == len(set(found)) == 6


async def test_pairings_are_erased_with_their_person(tmp_path: Path) -> None:
    channels = [StillChannel("chat"), StillChannel("mail")]
    async with kept_in(tmp_path, channels=channels, pairing=POLICY) as host:
        book = host.pairing
        assert book is not None
        await book.decide(code_in(await told(host, "alice")), APPROVED, by="op")
        await host.context.run(turn_of(caller_of("alice"), "hello"))
        key = (await host.people_operator.find(identity_of("alice"))).owner
        receipt = await host.people_operator.forget(key)
        assert receipt.erased["pairing"] == 1
        assert found_in(tmp_path, identity_of("alice").native_id) == {}
        await told(host, "alice")


@pytest.mark.parametrize(
    "policy",
    [
        PairingPolicy(channels=()),
        PairingPolicy(channels=("nowhere",)),
        PairingPolicy(channels=("chat",), pending_limit=0),
        PairingPolicy(channels=("chat",), time_to_live=timedelta()),
    ],
)
def test_what_could_let_nobody_in_is_refused(policy: PairingPolicy) -> None:
    with pytest.raises(ConfigurationError):
        AgentHost(echo, channels=[StillChannel("chat")], pairing=policy)


async def test_who_waits_again_is_erased_with_the_code(tmp_path: Path) -> None:
    channels = [StillChannel("chat"), StillChannel("mail")]
    store = DiskStateStore(tmp_path / "state")
    async with kept_in(tmp_path, channels=channels, pairing=POLICY, store=store) as host:
        book = host.pairing
        assert book is not None
        pairing = await book.decide(code_in(await told(host, "alice")), APPROVED, by="op")
        await host.context.run(turn_of(caller_of("alice"), "hello"))
        await book.revoke(pairing.id)
        await told(host, "alice")
        person = (await host.people_operator.find(identity_of("alice"))).owner
        lines = [line async for line in host.people_operator.export(person)]
        kinds = {str(line.get("collection")) for line in lines}
        assert {"pairing_request", "pairing_code"} <= kinds
        receipt = await host.people_operator.forget(person)
        assert (receipt.erased["pairing_request"], receipt.erased["pairing_code"]) == (1, 1)
        assert (await book.waiting()).items == ()


async def test_a_request_that_cannot_be_read_is_erased_all_the_same(tmp_path: Path) -> None:
    channels = [StillChannel("chat")]
    store = DiskStateStore(tmp_path / "state")
    async with kept_in(tmp_path, channels=channels, store=store) as host:
        await host.context.run(turn_of(caller_of("alice"), "hello"))
        person = (await host.people_operator.find(identity_of("alice"))).owner
        await store.commit(
            [Put(Key("pairing_request", "chat", pairing_id(identity_of("alice"))), b"?")]
        )
        assert (await host.people_operator.forget(person)).erased["pairing_request"] == 1


class Full(MemoryStateStore):
    """Has no room for requests."""

    async def commit(
        self, writes: Sequence[Write], *, fence: Lease | None = None
    ) -> tuple[int, ...]:
        if any(isinstance(one, Put) and one.key.collection == "pairing_code" for one in writes):
            raise StoreFullError("There is no room.")
        return await super().commit(writes, fence=fence)


async def test_a_store_without_room_tells_strangers_nothing_else() -> None:
    async with locked(store=Full()) as (host, book):
        text = await told(host, "alice")
        assert CODE.search(text)
        assert (await book.waiting()).items == ()


async def test_a_failure_of_pairing_denies_as_ever(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Full):
        async def get(self, key: Key) -> Record | None:
            if key.collection == "pairing_request":
                raise RuntimeError("plum")
            return await super().get(key)

    async with locked(store=Broken()) as (host, _):
        assert CODE.search(await told(host, "alice")) is None
    assert "pairing failed" in caplog.text


async def test_a_decision_that_cannot_be_read_is_left_out_and_lets_nobody_in() -> None:
    store = MemoryStateStore()
    async with locked(store=store) as (host, book):
        place = Key("pairing", "all", pairing_id(identity_of("alice")))
        await store.commit([Put(place, b"?")])
        assert (await book.decided()).items == ()
        await told(host, "alice")
