"""Conversations: made, read, added to, deleted, and kept apart."""

from typing import Any

import pytest
from openai import BadRequestError, NotFoundError

from tests.channels.openai.agent import recall, speak
from tests.channels.openai.hosting import Hosted, hosted


async def say(served: Hosted, conversation: str, text: str) -> str:
    response = await served.openai.responses.create(conversation=conversation, input=text)
    assert response.conversation is not None
    assert response.conversation.id == conversation
    return response.output_text


async def texts(served: Hosted, conversation: str) -> list[str]:
    listed = served.openai.conversations.items.list(conversation, order="asc", limit=2)
    found: list[Any] = [item async for item in listed]
    return [
        part.text
        for item in found
        if item.type == "message"
        for part in item.content
        if part.type in {"input_text", "output_text"}
    ]


async def test_it_remembers() -> None:
    async with hosted(recall) as served:
        conversation = (await served.openai.conversations.create()).id
        await say(served, conversation, "one")
        assert await say(served, conversation, "two") == "one / two"
        assert await texts(served, conversation) == ["one", "one", "two", "one / two"]


async def test_its_metadata_is_kept_and_changed() -> None:
    async with hosted(recall) as served:
        made = await served.openai.conversations.create(metadata={"topic": "sea"})
        fetched = await served.openai.conversations.retrieve(made.id)
        changed = await served.openai.conversations.update(made.id, metadata={"topic": "sky"})
        again = await served.openai.conversations.retrieve(made.id)
    assert fetched == made
    assert made.metadata == {"topic": "sea"}
    assert changed == again
    assert again.metadata == {"topic": "sky"}


async def test_items_wait_for_the_next_turn() -> None:
    async with hosted(recall) as served:
        made = await served.openai.conversations.create(
            items=[{"type": "message", "role": "user", "content": "zero"}]
        )
        added = await served.openai.conversations.items.create(
            made.id,
            items=[
                {"type": "message", "role": "user", "content": "half"},
                {"type": "message", "role": "user", "content": "oops"},
            ],
        )
        assert await texts(served, made.id) == ["zero", "half", "oops"]
        item = await served.openai.conversations.items.retrieve(
            added.data[0].id or "", conversation_id=made.id
        )
        await served.openai.conversations.items.delete(
            added.data[1].id or "", conversation_id=made.id
        )
        assert await say(served, made.id, "one") == "zero / half / one"
        assert await say(served, made.id, "two") == "zero / half / one / two"
        assert await texts(served, made.id) == [
            "zero",
            "half",
            "one",
            "zero / half / one",
            "two",
            "zero / half / one / two",
        ]
    assert item == added.data[0]


async def test_what_was_said_stays() -> None:
    async with hosted(recall) as served:
        made = await served.openai.conversations.create()
        await say(served, made.id, "one")
        listed = await served.openai.conversations.items.list(made.id)
        with pytest.raises(BadRequestError):
            await served.openai.conversations.items.delete(
                listed.data[0].id or "", conversation_id=made.id
            )
        with pytest.raises(NotFoundError):
            await served.openai.conversations.items.delete("msg_x", conversation_id=made.id)
        with pytest.raises(NotFoundError):
            await served.openai.conversations.items.retrieve("msg_x", conversation_id=made.id)


async def test_the_agents_own_work_is_shown() -> None:
    async with hosted(speak) as served:
        made = await served.openai.conversations.create()
        await served.openai.responses.create(conversation=made.id, input="hi")
        listed = await served.openai.conversations.items.list(made.id, order="asc")
    kinds = [item.type for item in listed.data]
    assert kinds[:4] == ["message", "reasoning", "mcp_call", "mcp_call"]


async def test_it_is_deleted_with_what_was_said() -> None:
    async with hosted(recall) as served:
        made = await served.openai.conversations.create()
        await say(served, made.id, "one")
        deleted = await served.openai.conversations.delete(made.id)
        assert deleted.deleted
        for attempt in (
            served.openai.conversations.retrieve(made.id),
            served.openai.conversations.delete(made.id),
            served.openai.conversations.items.list(made.id),
            served.openai.responses.create(conversation=made.id, input="hi"),
        ):
            with pytest.raises(NotFoundError):
                await attempt


async def test_one_that_nothing_was_said_in_is_deleted_too() -> None:
    async with hosted(recall) as served:
        made = await served.openai.conversations.create()
        assert (await served.openai.conversations.delete(made.id)).deleted


async def test_an_unstored_turn_reads_it_and_leaves_nothing() -> None:
    async with hosted(recall) as served:
        made = await served.openai.conversations.create()
        await say(served, made.id, "one")
        secret = await served.openai.responses.create(
            conversation={"id": made.id}, input="secret", store=False
        )
        assert secret.output_text == "one / secret"
        assert await say(served, made.id, "two") == "one / two"


async def test_somebody_elses_reads_like_one_that_never_was() -> None:
    async with hosted(recall) as served:
        made = (await served.openai.conversations.create()).id
        await say(served, made, "mine")
        bob = {"authorization": "Bearer bob"}
        missing = made[:-4] + "ffff"
        items = {"items": [{"role": "user", "content": "x"}]}
        attempts: list[tuple[str, str, Any]] = [
            ("GET", "", None),
            ("POST", "", {"metadata": {}}),
            ("DELETE", "", None),
            ("GET", "/items", None),
            ("POST", "/items", items),
            ("GET", "/items/msg_0", None),
            ("DELETE", "/items/msg_0", None),
        ]
        for method, path, body in attempts:
            answers: set[tuple[int, str]] = set()
            for conversation in (made, missing, "conv_1", "ses_1", "y" * 300):
                url = f"/v1/conversations/{conversation}{path}"
                answer = await served.http.request(method, url, json=body, headers=bob)
                answers.add((answer.status_code, answer.text))
            assert len(answers) == 1
            assert answers.pop()[0] == 404
        for conversation in (made, missing):
            with pytest.raises(NotFoundError):
                await served.speaking_as("bob").responses.create(
                    conversation=conversation, input="hi"
                )
        assert await texts(served, made) == ["mine", "mine"]


async def test_a_conversation_is_paged_both_ways() -> None:
    async with hosted(recall) as served:
        made = (await served.openai.conversations.create()).id
        for text in ("a", "b", "c"):
            await say(served, made, text)
        oldest = [i.id async for i in served.openai.conversations.items.list(made, order="asc")]
        newest = [i.id async for i in served.openai.conversations.items.list(made, limit=1)]
        with pytest.raises(NotFoundError):
            await served.openai.conversations.items.list(made, after="msg_x")
    assert newest == oldest[::-1]
    assert len(set(oldest)) == 6
