"""Two callers become one by a code, speak on in one conversation, and part again."""

from datetime import timedelta

import httpx
import pytest

from agent_host.identity.option import PeopleOptions
from agent_host.linking.code import CodeForm
from agent_host.linking.code_linker import CodeLinker, CodePolicy
from agent_host.linking.option import LinkOptions
from tests.linking.hosting import HEADER, Linking, link_by_code, linking


async def test_a_code_and_a_number_make_one_person_who_goes_on_with_one_conversation() -> None:
    async with linking() as made:
        phone, laptop = made.speaker("phone-4821"), made.speaker("laptop-7733")
        assert await phone.says("one") == "one"
        assert await laptop.says("two") == "two"

        offer = await phone.begins()
        assert offer["linker"] == "code"
        assert offer["url"] is None
        assert await phone.pending() is None
        asked = await laptop.claims(offer["code"].lower())
        assert asked["other"] == "api_key, id …4821"
        waiting = await phone.pending()
        assert waiting is not None
        assert (waiting["other"], waiting["number"]) == ("api_key, id …7733", None)
        assert await laptop.says("three") == "two | three"  # nothing is linked yet
        assert (await phone.confirms(asked["number"])).status_code == 200

        assert await laptop.says("four") == "one | four"
        assert await phone.says("five") == "one | four | five"
        assert await phone.pending() is None


async def test_whoever_leaves_goes_back_to_what_was_theirs() -> None:
    async with linking() as made:
        phone, laptop = made.speaker("phone"), made.speaker("laptop")
        await phone.says("one")
        await laptop.says("two")
        await link_by_code(phone, laptop)
        await laptop.says("three")
        assert (await laptop.unlinks()).status_code == 204
        assert await laptop.says("four") == "two | four"
        assert await phone.says("five") == "one | three | five"
        again = await laptop.unlinks()
        assert (again.status_code, again.json()["code"]) == (400, "not_linked")


async def test_what_the_other_side_had_stays_readable() -> None:
    async with linking() as made:
        phone, laptop = made.speaker("phone"), made.speaker("laptop")
        body = {"input": "two", "session_id": "main"}
        run = (await made.http.post("/invocations", json=body, headers=laptop.headers)).json()
        path = f"/invocations/{run['id']}"
        assert (await made.http.get(path, headers=phone.headers)).status_code == 404
        await link_by_code(phone, laptop)
        assert (await made.http.get(path, headers=phone.headers)).status_code == 200


async def test_either_side_can_decline() -> None:
    async with linking() as made:
        phone, laptop = made.speaker("phone"), made.speaker("laptop")
        for who in (phone, laptop):
            asked = await laptop.claims((await phone.begins())["code"])
            assert (await who.post("/decline")).status_code == 204
            assert await phone.pending() is None
            assert (await phone.confirms(asked["number"])).status_code == 400
        assert (await phone.post("/decline")).status_code == 204  # nothing is no error


async def test_a_code_that_was_declined_is_good_no_more() -> None:
    async with linking() as made:
        phone, laptop = made.speaker("phone"), made.speaker("laptop")
        code = (await phone.begins())["code"]
        await phone.post("/decline")
        assert (await laptop.post("/claim", code=code)).status_code == 400


async def test_a_new_code_takes_the_place_of_the_former() -> None:
    async with linking() as made:
        phone, laptop = made.speaker("phone"), made.speaker("laptop")
        former = (await phone.begins())["code"]
        code = (await phone.begins())["code"]
        assert (await laptop.post("/claim", code=former)).status_code == 400
        await laptop.claims(code)


async def test_an_offer_and_a_request_are_over_after_their_time() -> None:
    async with linking() as made:
        phone, laptop = made.speaker("phone"), made.speaker("laptop")
        code = (await phone.begins())["code"]
        made.clock.advance(timedelta(minutes=10))
        assert (await laptop.post("/claim", code=code)).status_code == 400
        asked = await laptop.claims((await phone.begins())["code"])
        made.clock.advance(timedelta(minutes=10))
        assert await phone.pending() is None
        assert (await phone.confirms(asked["number"])).status_code == 400


async def test_a_long_code_is_for_those_who_paste() -> None:
    policy = CodePolicy(form=CodeForm.LONG, lifetime=timedelta(minutes=1))
    async with linking(LinkOptions(linkers=[CodeLinker(policy)])) as made:
        phone, laptop = made.speaker("phone"), made.speaker("laptop")
        offer = await phone.begins("code")
        assert len(offer["code"].replace("-", "")) == 26
        await laptop.claims(offer["code"])


async def test_two_at_one_moment_are_one_claim() -> None:
    async with linking() as made:
        code = (await made.speaker("phone").begins())["code"]
        answers = [await made.speaker(name).post("/claim", code=code) for name in ("a", "b")]
        assert sorted(answer.status_code for answer in answers) == [200, 400]


async def test_a_link_that_the_rules_refuse_is_refused_after_both_agreed() -> None:
    async with linking(people=PeopleOptions(identity_limit=2)) as made:
        one = made.speaker("one")
        await link_by_code(one, made.speaker("two"))
        asked = await made.speaker("three").claims((await one.begins())["code"])
        refused = await one.confirms(asked["number"])
        assert (refused.status_code, refused.json()["code"]) == (403, "link_refused")
        assert await one.pending() is None


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("", b'{"linker": "telepathy"}', 404),
        ("", b"[]", 422),
        ("", b'{"linker": 1}', 422),
        ("", b'{"who": "me"}', 422),
        ("/claim", b"{}", 422),
        ("/claim", b"{", 422),
        ("/claim", b'{"code": "x"}', 400),
        ("/claim", b"[" * 3000, 422),
        ("/confirm", b'{"number": "000000"}', 400),
        ("/confirm", b'{"number": "no number"}', 400),
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_reason(
    path: str, body: bytes, status: int
) -> None:
    async with linking() as made:
        response = await made.http.post(f"/links{path}", content=body, headers={HEADER: "a"})
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"


async def test_nobody_links_without_a_proof_of_who_they_are() -> None:
    async with linking() as made:
        assert (await made.http.post("/links")).status_code == 401


async def test_a_host_without_linkers_has_no_such_routes() -> None:
    async with linking(LinkOptions(linkers=[])) as made:
        assert (await _shown(made)).status_code == 404


async def _shown(made: Linking) -> httpx.Response:
    return await made.http.get("/links", headers={HEADER: "a"})
