"""Identity and conversation are two axes: what is a person's in private is not theirs in a room."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host import AgentHost
from agent_host.errors import AccessError, DeniedError, LinkRequiredError, NotFoundError
from agent_host.host.record.idempotency_record import scope_of
from agent_host.host.record.partition_record import PartitionRecords
from agent_host.identity.option import PeopleOptions
from agent_host.stores.memory import MemoryStateStore
from agent_host.types import (
    Caller,
    ChannelIdentity,
    Conversation,
    Decision,
    Denied,
    IsolationKey,
    LinkRequired,
    Principal,
    RunId,
    RunPolicy,
    SessionPolicy,
)
from agent_host.types.conversation_scope import ConversationScope, scoped_key
from agent_host.types.room_scope import RoomScopes
from tests.host.linked import ROOM, host_of, link, person, recall, said
from tests.identity.people import key, owner, party

OTHER_ROOM = Conversation(id="other room", kind="group")
THREAD = replace(ROOM, thread_id="t")
PER_USER = PeopleOptions(rooms=RoomScopes(default=ConversationScope.PER_USER))
PER_ROOM = PeopleOptions(rooms=RoomScopes(channels={"chat": ConversationScope.PER_CONVERSATION}))


async def _sees(host: AgentHost, caller: Caller, run_id: RunId) -> bool:
    try:
        await (await host.context.runs(caller)).get(run_id)
    except NotFoundError:
        return False
    return True


async def test_by_default_each_is_alone_in_each_room() -> None:
    async with host_of() as host:
        in_room = (await host.context.run(said(person("a", room=ROOM)))).run.id
        in_private = (await host.context.run(said(person("a")))).run.id
        assert await _sees(host, person("a", room=ROOM), in_room)
        assert await _sees(host, person("a", room=THREAD), in_room)
        for stranger in (
            person("a"),
            person("a", room=OTHER_ROOM),
            person("b", room=ROOM),
            person("b"),
            person("a", room=replace(ROOM, kind="private")),
        ):
            assert not await _sees(host, stranger, in_room)
        assert not await _sees(host, person("a", room=ROOM), in_private)


async def test_a_room_can_be_one_conversation_of_all_who_are_in_it() -> None:
    async with host_of(people=PER_ROOM) as host:
        await host.context.run(said(person("a", room=ROOM), "from a", session="s"))
        heard = await host.context.run(said(person("b", room=ROOM), "from b", session="s"))
        assert heard.result is not None
        assert heard.result.text == "from a from a from b"
        for stranger in (person("a"), person("b", room=OTHER_ROOM)):
            assert not await _sees(host, stranger, heard.run.id)


async def test_a_person_can_be_the_same_in_rooms_where_the_operator_says_so() -> None:
    async with host_of(people=PER_USER) as host:
        in_private = (await host.context.run(said(person("a")))).run.id
        assert await _sees(host, person("a", room=ROOM), in_private)
        assert not await _sees(host, person("b", room=ROOM), in_private)


async def test_a_link_does_not_carry_a_room_into_private_nor_private_into_a_room() -> None:
    async with host_of() as host:
        room = (await host.context.run(said(person("b", room=ROOM)))).run.id
        private = (await host.context.run(said(person("b")))).run.id
        await link(host, "b", "a")
        assert await _sees(host, person("a"), private)
        assert not await _sees(host, person("a"), room)
        assert not await _sees(host, person("a", room=ROOM), private)
        # In the same room the person is one.
        for name in "ab":
            assert await _sees(host, person(name, room=ROOM), room)
        await host.people.registry.unlink(party("b"))
        assert not await _sees(host, person("a", room=ROOM), room)
        assert await _sees(host, person("b", room=ROOM), room)


class Deciding:
    """An authorizer that always decides the same."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision

    async def authorize(
        self, caller: Caller, *, principal: Principal, isolation_key: IsolationKey
    ) -> Decision:
        del caller, principal, isolation_key
        return self.decision


@pytest.mark.parametrize(
    ("decision", "kind"),
    [
        (Denied(reason_code="not_listed", user_message="Ask Ann."), DeniedError),
        (LinkRequired(challenge="Go to https://link/123."), LinkRequiredError),
    ],
)
async def test_a_refusal_says_nothing_in_a_room_and_keeps_its_words_for_private(
    decision: Denied | LinkRequired, kind: type[AccessError]
) -> None:
    words = decision.challenge if isinstance(decision, LinkRequired) else decision.user_message
    async with host_of(recall, authorizer=Deciding(decision)) as host:
        for room, is_silent in ((ROOM, True), (None, False)):
            with pytest.raises(kind) as caught:
                await host.context.run(said(person("a", room=room)))
            error = caught.value
            assert isinstance(error, DeniedError | LinkRequiredError)
            assert (error.is_silent, error.private_text) == (is_silent, words)
            assert (words in str(error)) is not is_silent


async def test_whom_the_resolver_refuses_is_refused_silently_too() -> None:
    def nobody(_: ChannelIdentity | Principal) -> None:
        return None

    async with host_of(identity_resolver=nobody) as host:
        for room, is_silent in ((ROOM, True), (None, False)):
            with pytest.raises(DeniedError) as caught:
                await host.context.run(said(person("a", room=room)))
            assert caught.value.is_silent is is_silent
            assert caught.value.reason_code == "unknown_person"


async def test_a_channel_vouches_for_its_own_people_only() -> None:
    async with host_of() as host:
        for channel in ("phone", "@api_key", "@proof:oidc"):
            with pytest.raises(AccessError):
                await host.context.run(said(replace(person("a", channel), channel="chat")))


async def test_somebody_in_a_room_is_not_noted_as_reachable_there() -> None:
    async with host_of() as host:
        await host.context.run(said(person("a", room=ROOM)))
        assert await host.people.registry.find(party("a").identity) is None
        await host.context.run(said(person("a", room=Conversation(id="p"))))
        assert await host.people.registry.find(party("a").identity) == key("a")


@pytest.mark.parametrize(("people", "is_own"), [(None, True), (PER_ROOM, False), (PER_USER, False)])
async def test_a_persons_partitions_in_rooms_can_be_found(
    people: PeopleOptions | None, is_own: bool
) -> None:
    store = MemoryStateStore()
    async with host_of(people=people, store=store) as host:
        run = (await host.context.run(said(person("a", room=ROOM)))).run
        partitions = PartitionRecords(store, runs=RunPolicy(), sessions=SessionPolicy())
        assert await partitions.of(owner("a")) == ([run.owner] if is_own else [])


async def test_who_is_denied_leaves_no_trace() -> None:
    denied = Deciding(Denied(reason_code="not_listed"))
    async with host_of(authorizer=denied) as host:
        with pytest.raises(DeniedError):
            await host.context.run(said(person("a")))
        assert await host.people.registry.find(party("a").identity) is None


def test_an_idempotency_key_of_a_room_is_not_that_of_another() -> None:
    places = [None, Conversation(id="p"), ROOM, OTHER_ROOM]
    scopes = [scope_of(person("a", room=place), None) for place in places]
    assert len(set(scopes)) == 3  # in private it is the person's, wherever that is


parts = st.text(alphabet="a1:.|\0é\ud800", max_size=4)
places = st.tuples(parts, parts, parts, parts)


@given(one=places, other=places, scope=st.sampled_from(list(ConversationScope)))
def test_two_rooms_never_share_a_partition(
    one: tuple[str, str, str, str],
    other: tuple[str, str, str, str],
    scope: ConversationScope,
) -> None:
    def found(place: tuple[str, str, str, str]) -> IsolationKey:
        owner, channel, account, room = place
        return scoped_key(
            IsolationKey(owner),
            Conversation(id=room, kind="group"),
            scope=scope,
            channel=channel,
            account=account,
        )

    counted = {
        ConversationScope.PER_USER: slice(0, 1),
        ConversationScope.PER_CONVERSATION: slice(1, 4),
        ConversationScope.PER_USER_PER_CONVERSATION: slice(0, 4),
    }[scope]
    assert (found(one) == found(other)) == (one[counted] == other[counted])
