"""Where the answer of a run goes, and what its caller is told."""

from dataclasses import replace
from datetime import timedelta
from typing import cast

import pytest

from agent_host.errors import RequestError
from agent_host.host.run.ending import DELIVERY_NOTE
from agent_host.types import (
    NONE,
    Caller,
    ChannelIdentity,
    DeliveryStatus,
    Destination,
    HostedResult,
    LinkSide,
    ResponseTarget,
    RunResult,
    RunStatus,
    Turn,
)
from tests.delivery.hosting import ALL, CHAT, MAIL, QUICK, ROOM, Stage, stage
from tests.host.harness import acting_as


async def note_of(on: Stage, asked: HostedResult) -> dict[str, object]:
    ended = await on.ended(asked)
    assert ended.result is not None
    note = ended.result.messages[-1].metadata[DELIVERY_NOTE]
    assert isinstance(note, dict)
    return dict(note)


async def test_the_answer_goes_where_the_person_was_last() -> None:
    async with stage() as on:
        asked = await on.ask("hello")
        assert asked.is_elsewhere
        (delivery,) = await on.deliveries(asked)
        assert delivery.status is DeliveryStatus.ACCEPTED
        assert on.chat.texts == ["HELLO"]
        assert not on.mail.taken
        push = on.chat.taken[0]
        assert push.destination == Destination(channel="chat", identity=CHAT, conversation=ROOM)
        assert push.delivery_id == delivery.id
        assert push.owner == on.alice
        assert delivery.attempts[0].platform_id == "msg-1"
        assert (await note_of(on, asked))["intended"] == [
            {"delivery_id": delivery.id, "channel": "chat", "account": "default"}
        ]


async def test_active_means_when_the_answer_is_there_and_not_when_it_was_asked_for() -> None:
    stages: list[Stage] = []

    async def moving(_: str) -> str:
        on = stages[0]
        on.registry.see(MAIL, on.context.clock.now())
        return "moved"

    async with stage(moving) as on:
        stages.append(on)
        (delivery,) = await on.deliveries(await on.ask())
        assert delivery.destination.channel == "mail"


async def test_who_was_nowhere_lately_is_answered_where_they_asked() -> None:
    here = Caller(channel="chat", identity=CHAT, conversation=ROOM)
    async with stage(policy=replace(QUICK, active_within=timedelta(seconds=1))) as on:
        asked = await on.ask(caller=here)
        view = await on.context.runs(here)
        async for _ in view.events(asked.run.id):
            pass
        ended = await view.get(asked.run.id)
        assert ended.result is not None
        note = ended.result.messages[-1].metadata[DELIVERY_NOTE]
        assert isinstance(note, dict)
        assert note["skipped"] == [{"reason": "not_active", "channel": None, "account": None}]
        assert note["intended"] != []


async def test_all_linked_reaches_every_identity_once() -> None:
    async with stage() as on:
        deliveries = await on.deliveries(await on.ask("hi", ALL))
        assert {one.destination.channel for one in deliveries} == {"chat", "mail"}
        assert on.chat.texts == on.mail.texts == ["HI"]


@pytest.mark.parametrize("ago", [timedelta(), timedelta(minutes=5)])
async def test_on_each_named_channel_it_is_where_the_person_was_last_there(ago: timedelta) -> None:
    target = ResponseTarget(kind="channels", channels=("mail", "chat", "mail"))
    async with stage() as on:
        other = replace(CHAT, native_id="alice-other")
        on.registry.link(on.alice, other, seen_at=on.context.clock.now() - ago)
        deliveries = await on.deliveries(await on.ask("hi", target))
        there = {one.destination.channel: one.destination.identity for one in deliveries}
        assert there == {"mail": MAIL, "chat": CHAT if ago else other}
        assert on.chat.texts == on.mail.texts == ["HI"]


async def test_a_destination_named_twice_is_one() -> None:
    target = ResponseTarget(kind="identities", identities=(CHAT, CHAT))
    async with stage() as on:
        await on.deliveries(await on.ask("hi", target))
        assert on.chat.texts == ["HI"]


async def test_nobody_reaches_what_is_somebody_elses() -> None:
    theirs = ChannelIdentity(channel="chat", account="default", native_id="bob")
    nobodys = ChannelIdentity(channel="chat", account="default", native_id="none")
    async with stage() as on:
        on.registry.link(
            replace(on.alice, isolation_key=type(on.alice.isolation_key)("bob")), theirs
        )
        notes: list[dict[str, object]] = []
        for identity in (theirs, nobodys):
            target = ResponseTarget(kind="identities", identities=(identity,))
            notes.append(await note_of(on, await on.ask("hi", target)))
        assert notes[0] == notes[1]
        assert notes[0]["intended"] == []
        assert not on.chat.taken


async def test_another_tenants_person_with_the_same_key_is_somebody_else() -> None:
    async with stage(seen=False) as on:
        elsewhere = replace(on.alice, tenant="other")
        on.registry.link(elsewhere, replace(CHAT, tenant="other"), seen_at=on.context.clock.now())
        assert await on.deliveries(await on.ask("hi", ALL)) == []


async def test_a_fan_out_is_bounded_and_says_so() -> None:
    async with stage(policy=replace(QUICK, destination_limit=1)) as on:
        asked = await on.ask("hi", ALL)
        assert len(await on.deliveries(asked)) == 1
        assert (await note_of(on, asked))["skipped"] == [
            {"reason": "limit", "channel": "mail", "account": "default"}
        ]


class NotToMail:
    def allows(self, source: LinkSide, destination: LinkSide) -> bool:
        assert source.tier == "low"
        if destination.channel == "mail":
            assert destination.tier == "high"
            raise ValueError
        return True


async def test_the_link_policy_is_asked_and_an_exception_is_no() -> None:
    tiers = {"test": "low", "mail": "high"}
    async with stage(link_policy=NotToMail(), tiers=tiers) as on:
        asked = await on.ask("hi", ALL)
        assert [one.destination.channel for one in await on.deliveries(asked)] == ["chat"]
        assert (await note_of(on, asked))["skipped"] == [
            {"reason": "link_policy", "channel": "mail", "account": "default"}
        ]


async def test_the_echo_goes_before_the_reply_under_an_id_of_its_own() -> None:
    target = ResponseTarget(kind="active", echo_input=True)
    async with stage() as on:
        (delivery,) = await on.deliveries(await on.ask("hello", target))
        assert on.chat.texts == ["hello", "HELLO"]
        assert [push.is_echo for push in on.chat.taken] == [True, False]
        assert on.chat.taken[0].delivery_id != on.chat.taken[1].delivery_id == delivery.id
        assert [row.is_echo for row in delivery.attempts] == [True, False]


async def test_a_run_hook_sends_the_answer_elsewhere() -> None:
    def hook(turn: Turn) -> Turn:
        turn.route.send_to(ResponseTarget(kind="channels", channels=("mail",)))
        return turn

    async with stage(run_hook=hook) as on:
        asked = await on.ask("hi", ResponseTarget())
        assert asked.is_elsewhere
        assert asked.run.status is RunStatus.QUEUED
        await on.deliveries(asked)
        assert on.mail.texts == ["HI"]


async def test_a_target_sends_its_answer_elsewhere_while_it_runs() -> None:
    class Forwarding:
        async def run(self, turn: Turn) -> str:
            turn.route.send_to(ALL)
            return turn.text

    async with stage(Forwarding()) as on:
        asked = await on.ask("hi", ResponseTarget())
        assert asked.is_elsewhere
        assert asked.run.status is RunStatus.COMPLETED
        assert len(await on.deliveries(asked)) == 2


async def test_none_keeps_the_result_for_who_asks_for_it() -> None:
    async with stage() as on:
        ended = await on.ended(await on.ask("hi", NONE))
        assert ended.result is not None
        assert ended.result.text == "HI"


async def test_a_failed_run_is_told_too_and_a_cancelled_one_is_not() -> None:
    async def fail(_: str) -> str:
        raise ValueError

    async with stage(fail) as on:
        await on.deliveries(await on.ask())
        hosted = on.chat.taken[0].result
        assert hosted.run.status is RunStatus.FAILED
        assert hosted.run.failure is not None


async def test_a_registry_that_fails_costs_no_answer() -> None:
    async with stage() as on:
        on.registry.error = ValueError("down")
        asked = await on.ask("hi")
        ended = await on.ended(asked)
        assert ended.result is not None
        assert ended.result.text == "HI"
        assert (await note_of(on, asked))["skipped"] == [
            {"reason": "unresolved", "channel": None, "account": None}
        ]


async def test_a_channel_that_cannot_push_is_refused_before_anything_runs() -> None:
    async with stage() as on:
        with pytest.raises(RequestError, match="cannot be pushed to"):
            await on.ask("hi", ResponseTarget(kind="channels", channels=("test",)))


async def test_a_repeated_request_is_told_that_its_answer_is_elsewhere() -> None:
    async with stage() as on:
        await on.deliveries(await on.ask("hi", idempotency_key="k"))
        again = await on.ask("hi", idempotency_key="k")
        assert again.replayed
        assert again.is_elsewhere
        assert on.chat.texts == ["HI"]


async def test_the_response_hook_changes_a_copy_for_each_destination() -> None:
    async def hook(result: HostedResult, destination: Destination) -> HostedResult:
        assert result.result is not None
        metadata = cast("dict[str, str]", result.result.messages[0].metadata)
        metadata["seen"] = destination.channel
        changed = RunResult.of_text(f"{destination.channel}: {result.result.text}")
        return replace(result, result=changed)

    async with stage(response_hook=hook) as on:
        asked = await on.ask("hi", ALL)
        await on.deliveries(asked)
        assert on.chat.texts == ["chat: HI"]
        assert on.mail.texts == ["mail: HI"]
        ended = await on.ended(asked)
        assert ended.result is not None
        assert "seen" not in ended.result.messages[-1].metadata


async def test_bob_does_not_see_that_alice_was_written_to() -> None:
    async with stage() as on:
        asked = await on.ask("hi")
        await on.deliveries(asked)
        with acting_as("bob"):
            view = await on.context.runs(Caller(channel="test"))
            assert not (await view.list()).items
