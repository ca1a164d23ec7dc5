"""Attacks on one-time codes. Each is a line of the threat model in docs/security/linking.md."""

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from agent_host.linking.code import ALPHABET
from agent_host.linking.code_linker import CodeLinker
from agent_host.linking.option import LinkOptions
from agent_host.linking.step_limit import LinkLimits
from agent_host.rate import Rate
from agent_host.stores.disk import DiskStateStore
from agent_host.types import Caller, ChannelIdentity, Conversation, Principal
from agent_host.types.isolation import IsolationKeys
from tests.linking.hosting import linking

MINUTE = timedelta(minutes=1)
WRONG = "0000-0000"


def limited(**rates: Rate) -> LinkOptions:
    """Little is allowed of what is named, much of the rest."""
    much = Rate(count=1000, per=MINUTE)
    chosen = {"per_identity": much, "per_tenant": much, "in_all": much, **rates}
    return LinkOptions(linkers=[CodeLinker()], limits=LinkLimits(**chosen))


async def test_a_replayed_code_is_good_for_nothing() -> None:
    async with linking() as made:
        phone = made.speaker("phone")
        code = (await phone.begins())["code"]
        await made.speaker("laptop").claims(code)
        for name in ("laptop", "thief", "phone"):
            assert (await made.speaker(name).post("/claim", code=code)).status_code == 400


async def test_a_stolen_code_leads_nowhere_without_the_initiators_word() -> None:
    async with linking() as made:
        phone, thief = made.speaker("phone-4821"), made.speaker("thief-6660")
        await phone.says("a secret")
        asked = await thief.claims((await phone.begins())["code"])
        waiting = await phone.pending()
        assert waiting is not None
        assert waiting["other"].endswith("…6660")  # the initiator reads who it is
        # The number alone is nothing in the thief's hands: it is the initiator's to say.
        assert (await thief.confirms(asked["number"])).status_code == 400
        await phone.post("/decline")
        assert await thief.says("hello") == "hello"


async def test_a_confirmation_without_the_other_screen_is_refused_and_ends_after_three() -> None:
    async with linking() as made:
        phone, laptop = made.speaker("phone"), made.speaker("laptop")
        asked = await laptop.claims((await phone.begins())["code"])
        wrong = f"{(int(asked['number']) + 1) % 1_000_000:06}"
        for _ in range(2):
            assert (await phone.confirms(wrong)).status_code == 400
            assert await phone.pending() is not None
        assert (await phone.confirms(wrong)).status_code == 400
        assert await phone.pending() is None
        assert (await phone.confirms(asked["number"])).status_code == 400


@pytest.mark.parametrize(
    "which", ["per_identity", "per_tenant", "in_all"], ids=["identity", "tenant", "all"]
)
async def test_code_guessing_is_stopped_whoever_guesses(which: str) -> None:
    guessers = {
        "per_identity": ["thief"] * 4,
        "per_tenant": ["a@t", "b@t", "c@t", "d@t"],
        "in_all": ["a@t", "b@u", "c@v", "d@w"],
    }[which]
    options = limited(**{which: Rate(count=3, per=MINUTE)})
    async with linking(options) as made:
        code = (await made.speaker("phone@d").begins())["code"]
        answers = [await made.speaker(name).post("/claim", code=WRONG) for name in guessers]
        assert [answer.status_code for answer in answers] == [400, 400, 400, 429]
        assert answers[3].json()["code"] == "too_many_link_steps"
        assert 0 < int(answers[3].headers["retry-after"]) <= 60
        # Who is stopped is not told whether a code is right.
        right = await made.speaker(guessers[3]).post("/claim", code=code)
        assert right.status_code == 429
        made.clock.advance(MINUTE)
        assert (await made.speaker("laptop@d").post("/claim", code=code)).status_code == 200


async def test_offers_cannot_be_made_without_end() -> None:
    async with linking(limited(per_identity=Rate(count=2, per=MINUTE))) as made:
        phone = made.speaker("phone")
        statuses = [(await phone.post("")).status_code for _ in range(3)]
        assert statuses == [201, 201, 429]


async def test_every_code_that_is_not_good_reads_the_same() -> None:
    """Wrong, over, used, foreign, or one's own: byte for byte."""
    async with linking() as made:
        phone, laptop = made.speaker("phone"), made.speaker("laptop")
        over = (await phone.begins())["code"]
        made.clock.advance(timedelta(minutes=11))
        used = (await made.speaker("other").begins())["code"]
        await laptop.claims(used)
        foreign = (await made.speaker("somebody@elsewhere").begins())["code"]
        own = (await phone.begins())["code"]
        answers = [
            await phone.post("/claim", code=code)
            for code in (WRONG, "no code at all", over, used, foreign, own)
        ]
        assert {answer.status_code for answer in answers} == {400}
        assert len({answer.content for answer in answers}) == 1


async def test_a_code_of_one_tenant_opens_nothing_in_another() -> None:
    async with linking() as made:
        code = (await made.speaker("phone@one").begins())["code"]
        assert (await made.speaker("laptop@two").post("/claim", code=code)).status_code == 400
        await made.speaker("laptop@one").claims(code)


async def test_neither_code_nor_number_nor_id_is_stored_or_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "aiosqlite")
    folder = tmp_path / "state"
    store = DiskStateStore.from_url(f"disk://{folder}")
    async with linking(store=store) as made:
        phone, laptop = made.speaker("phone-4821-secret"), made.speaker("laptop-7733-secret")
        offer = await phone.begins()
        code = offer["code"]
        asked = await laptop.claims(code)
        kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
        assert b"link_step" in kept
        assert (await phone.confirms(asked["number"])).status_code == 200
        assert (await laptop.unlinks()).status_code == 204
    for secret in (code, code.replace("-", ""), f'"{asked["number"]}"'):
        assert secret.encode() not in kept
    ours = [record for record in caplog.records if record.name == "agent_host.linking.audit"]
    steps = [record.getMessage() for record in ours]
    for step in ("begin", "claim", "confirm", "linked", "unlink"):
        assert any(f": {step} on @api_key" in message for message in steps), step
    assert sum(offer["id"] in message for message in steps) == 4
    everything = "\n".join(record.getMessage() for record in caplog.records)
    for secret in (code, code.replace("-", ""), "4821-secret", "7733-secret"):
        assert secret not in everything


async def test_a_step_that_fails_is_in_the_audit_log_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "agent_host.linking.audit")
    async with linking() as made:
        await made.speaker("thief").post("/claim", code=WRONG)
        await made.speaker("thief").confirms("000000")
    outcomes = [record.getMessage() for record in caplog.records]
    assert len(outcomes) == 2
    assert all(outcome.endswith(": link_step") for outcome in outcomes)


@pytest.mark.parametrize("kind", ["room", "platform", "anonymous"])
async def test_a_challenge_is_never_shown_where_others_would_see_it(kind: str) -> None:
    from agent_host.context import current_isolation, current_principal  # noqa: PLC0415
    from agent_host.errors import LinkRefusedError  # noqa: PLC0415

    async with linking() as made:
        caller = Caller(channel="rest")
        principal = Principal(id="a", kind="anonymous" if kind == "anonymous" else "api_key")
        if kind == "room":
            identity = ChannelIdentity(channel="rest", account="default", native_id="7")
            room = Conversation(id="r", kind="group")
            caller = Caller(channel="rest", identity=identity, conversation=room)
        before = current_principal.set(principal)
        keys = current_isolation.set(IsolationKeys(user="u") if kind == "platform" else None)
        try:
            with pytest.raises(LinkRefusedError):
                await made.host.context.links(caller)
        finally:
            current_isolation.reset(keys)
            current_principal.reset(before)


async def test_no_letter_of_a_code_is_taken_for_another() -> None:
    assert not set("OIL") & set(ALPHABET)
