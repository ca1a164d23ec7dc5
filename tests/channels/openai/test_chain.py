"""Chains of responses: one conversation, branches of it, and nobody else's."""

import pytest
from openai import NotFoundError

from agent_host.types import SessionPolicy, Turn
from agent_host_rest import RestChannel
from tests.channels.openai.agent import assist, recall
from tests.channels.openai.hosting import Hosted, hosted

TURNS = 60


async def said(
    served: Hosted, text: str, after: str | None = None, **more: object
) -> tuple[str, str]:
    response = await served.openai.responses.create(
        input=text, previous_response_id=after, extra_body=more
    )
    return response.id, response.output_text


async def test_a_chain_remembers() -> None:
    async with hosted(recall) as served:
        first, _ = await said(served, "one")
        second, _ = await said(served, "two", first)
        _, third = await said(served, "three", second)
    assert third == "one / two / three"


async def test_a_long_chain_is_one_session() -> None:
    sessions: set[str | None] = set()

    async def count(turn: Turn) -> str:
        sessions.add(turn.session_id)
        return str(len(turn.conversation_messages))

    policy = SessionPolicy(history_limit_messages=1000)
    async with hosted(count, session_policy=policy) as served:
        last, counted = await said(served, "0")
        for turn in range(1, TURNS):
            last, counted = await said(served, str(turn), last)
    assert counted == str(2 * TURNS - 1)
    assert len(sessions) == 1


async def test_going_on_from_an_earlier_response_branches() -> None:
    async with hosted(recall) as served:
        first, _ = await said(served, "one")
        second, _ = await said(served, "two", first)
        other, branch = await said(served, "other", first)
        _, on_trunk = await said(served, "three", second)
        _, on_branch = await said(served, "more", other)
        _, early = await said(served, "early", second)
    assert branch == "one / other"
    assert on_trunk == "one / two / three"
    assert on_branch == "one / other / more"
    assert early == "one / two / early"


async def test_a_branch_of_a_branch() -> None:
    async with hosted(recall) as served:
        first, _ = await said(served, "one")
        await said(served, "two", first)
        other, _ = await said(served, "other", first)
        await said(served, "more", other)
        _, text = await said(served, "less", other)
    assert text == "one / other / less"


async def test_an_unstored_turn_reads_the_chain_and_leaves_nothing() -> None:
    async with hosted(recall) as served:
        first, _ = await said(served, "one")
        _, secret = await said(served, "secret", first, store=False)
        _, second = await said(served, "two", first)
    assert secret == "one / secret"
    assert second == "one / two"


async def test_instructions_are_not_carried_over() -> None:
    seen: list[object] = []

    async def look(turn: Turn) -> str:
        seen.append(turn.options.get("instructions"))
        return " / ".join(message.role for message in turn.conversation_messages)

    async with hosted(look) as served:
        first, _ = await said(served, "one", instructions="Be kind.")
        _, roles = await said(served, "two", first)
    assert seen == ["Be kind.", None]
    assert "system" not in roles


async def test_somebody_elses_response_reads_like_one_that_never_was() -> None:
    async with hosted(recall) as served:
        made, _ = await said(served, "mine")
        bob = {"authorization": "Bearer bob"}
        missing = made[:-4] + "ffff"
        for method, path, body in (
            ("GET", "", None),
            ("GET", "?stream=true", None),
            ("DELETE", "", None),
            ("POST", "/cancel", None),
            ("GET", "/input_items", None),
            ("POST", None, "previous_response_id"),
        ):
            answers: list[tuple[int, str]] = []
            for response_id in (made, missing, "resp_1", "run_1", "x" * 300):
                url = "/v1/responses" if path is None else f"/v1/responses/{response_id}{path}"
                content = None if body is None else {"input": "hi", body: response_id}
                answer = await served.http.request(method, url, json=content, headers=bob)
                answers.append((answer.status_code, answer.text))
            assert len(set(answers)) == 1, answers
            assert answers[0][0] == 404
        _, text = await said(served, "still", made)
    assert text == "mine / still"


async def test_a_run_of_another_channel_is_no_response() -> None:
    async with hosted(recall, more_channels=[RestChannel()]) as served:
        run = (await served.http.post("/invocations", json={"input": "by rest"})).json()
        with pytest.raises(NotFoundError):
            await served.openai.responses.retrieve(run["id"].replace("run_", "resp_"))
        with pytest.raises(NotFoundError):
            await said(served, "hi", run["id"].replace("run_", "resp_"))
        with pytest.raises(NotFoundError):
            await served.openai.responses.create(input="hi", conversation=run["session_id"])


async def test_a_chat_completion_is_no_response() -> None:
    async with hosted(recall) as served:
        chat = await served.openai.chat.completions.create(
            model="recall", messages=[{"role": "user", "content": "hi"}]
        )
        with pytest.raises(NotFoundError):
            await served.openai.responses.retrieve(chat.id.replace("chatcmpl-", "resp_"))


async def test_a_key_repeats_a_turn_of_a_chain_once() -> None:
    async with hosted(recall) as served:
        first, _ = await said(served, "one")
        headers = {"Idempotency-Key": "k-1"}
        made = [
            await served.openai.responses.create(
                input="two", previous_response_id=first, extra_headers=headers
            )
            for _ in range(3)
        ]
        _, text = await said(served, "three", made[-1].id)
    assert len({response.id for response in made}) == 1
    assert text == "one / two / three"


async def test_going_on_from_a_failed_response_still_works() -> None:
    async with hosted(assist) as served:
        first, _ = await said(served, "hi")
        answered = await served.http.post(
            "/v1/responses", json={"input": "fail", "previous_response_id": first}
        )
        assert answered.status_code == 500
        _, text = await said(served, "again", first)
    assert text == "You said again."
