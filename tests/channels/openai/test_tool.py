"""What a run asks its caller, and how the caller's reply goes on with it."""

from typing import Any

import pytest
from openai import BadRequestError, ConflictError
from openai.types.responses import Response

from tests.channels.openai.agent import assist
from tests.channels.openai.hosting import Hosted, hosted, sent_events

TOOL: Any = {"type": "function", "name": "add", "parameters": {"type": "object"}, "strict": None}


def calls(response: Response) -> list[Any]:
    return [item for item in response.output if item.type == "function_call"]


def output(call: Any, value: str) -> Any:
    return {"type": "function_call_output", "call_id": call.call_id, "output": value}


async def ask(served: Hosted, text: str, **more: Any) -> Response:
    create: Any = served.openai.responses.create
    response: Response = await create(input=text, tools=[TOOL], **more)
    return response


async def test_a_call_is_handed_to_the_caller_whose_output_goes_on() -> None:
    async with hosted(assist) as served:
        asked = await ask(served, "tool")
        (call,) = calls(asked)
        done = await served.openai.responses.create(
            previous_response_id=asked.id, input=[output(call, "3")]
        )
        fetched = await served.openai.responses.retrieve(done.id)
        again = await served.openai.responses.retrieve(asked.id)
    assert (asked.status, call.name, call.arguments) == ("completed", "add", '{"a":1,"b":2}')
    assert asked.output_text == "One moment. "
    assert done.output_text == "The sum is 3."
    assert done.previous_response_id == asked.id
    assert done.id != asked.id
    assert fetched == done
    assert again == asked


async def test_the_output_alone_leads_back() -> None:
    """As clients do that keep the conversation themselves: it is all in the input."""
    async with hosted(assist) as served:
        asked = await ask(served, "tool", store=False)
        (call,) = calls(asked)
        conversation: Any = [
            {"role": "user", "content": "tool"},
            *[item.to_dict() for item in asked.output],
            output(call, "3"),
        ]
        done = await served.openai.responses.create(input=conversation, store=False)
    assert done.output_text == "The sum is 3."


async def test_the_answer_is_streamed_and_can_be_taken_up_again() -> None:
    async with hosted(assist) as served:
        asked = await ask(served, "tool")
        (call,) = calls(asked)
        response = await served.http.post(
            "/v1/responses",
            json={
                "previous_response_id": asked.id,
                "input": [output(call, "3")],
                "stream": True,
            },
        )
        events = sent_events(response.text)
        again = await served.http.get(
            f"/v1/responses/{asked.id}_1", params={"stream": "true", "starting_after": 3}
        )
        first = await served.http.get(f"/v1/responses/{asked.id}", params={"stream": "true"})
    assert events[0].type == "response.created"
    assert events[-1].data["response"]["output"][0]["content"][0]["text"] == "The sum is 3."
    assert sent_events(again.text) == events[4:]
    assert sent_events(first.text)[-1].data["response"]["id"] == asked.id


async def test_two_calls_are_answered_together() -> None:
    async with hosted(assist) as served:
        asked = await ask(served, "tools")
        one, two = calls(asked)
        with pytest.raises(BadRequestError, match="No tool output found"):
            await served.openai.responses.create(
                previous_response_id=asked.id, input=[output(one, "1")]
            )
        done = await served.openai.responses.create(
            previous_response_id=asked.id, input=[output(two, "2"), output(one, "1")]
        )
    assert done.output_text == "1 and 2"


async def test_a_run_may_ask_again_and_again() -> None:
    async with hosted(assist) as served:
        first = await ask(served, "twice")
        second = await served.openai.responses.create(
            previous_response_id=first.id, input=[output(calls(first)[0], "1")]
        )
        third = await served.openai.responses.create(
            previous_response_id=second.id, input=[output(calls(second)[0], "2")]
        )
        fetched = [await served.openai.responses.retrieve(r.id) for r in (first, second, third)]
        chained = await served.openai.responses.create(
            previous_response_id=third.id, input="thanks"
        )
    assert calls(second)[0].name == "sub"
    assert third.output_text == "1 then 2"
    assert fetched == [first, second, third]
    assert chained.output_text == "You said thanks."


async def test_an_approval_is_an_item_of_its_own() -> None:
    async with hosted(assist) as served:
        asked = await ask(served, "approve")
        (request,) = asked.output
        assert request.type == "mcp_approval_request"
        done = await served.openai.responses.create(
            previous_response_id=asked.id,
            input=[
                {
                    "type": "mcp_approval_response",
                    "approval_request_id": request.id,
                    "approve": True,
                }
            ],
        )
    assert (request.name, request.arguments) == ("send", '{"to":"ada"}')
    assert done.output_text == "Approved: True."


async def test_any_other_question_is_answered_by_what_is_said_next() -> None:
    async with hosted(assist) as served:
        asked = await ask(served, "input")
        with pytest.raises(BadRequestError):
            await served.openai.responses.create(previous_response_id=asked.id, input="many")
        done = await served.openai.responses.create(previous_response_id=asked.id, input="7")
    assert asked.output_text == "How many?"
    assert done.output_text == "7 it is."


async def test_a_call_wants_its_output_and_nothing_else() -> None:
    async with hosted(assist) as served:
        asked = await ask(served, "tool")
        (call,) = calls(asked)
        given: Any
        for given in (
            "never mind",
            [output(call, "3"), {"role": "user", "content": "quick"}],
            [{**output(call, "3"), "call_id": "call_1_0123456789"}],
        ):
            with pytest.raises(BadRequestError):
                await served.openai.responses.create(previous_response_id=asked.id, input=given)


async def test_an_output_is_taken_once() -> None:
    async with hosted(assist) as served:
        asked = await ask(served, "tool")
        (call,) = calls(asked)
        for expected in (None, BadRequestError):
            attempt = served.openai.responses.create(
                previous_response_id=asked.id, input=[output(call, "3")]
            )
            if expected is None:
                await attempt
            else:
                with pytest.raises(expected, match="No tool call found"):
                    await attempt


async def test_a_key_makes_it_safe_to_send_twice() -> None:
    async with hosted(assist) as served:
        asked = await ask(served, "tool")
        (call,) = calls(asked)
        done = [
            await served.openai.responses.create(
                previous_response_id=asked.id,
                input=[output(call, "3")],
                extra_headers={"Idempotency-Key": "k"},
            )
            for _ in range(2)
        ]
    assert done[0] == done[1]


async def test_a_repeated_question_is_still_the_question() -> None:
    """Though its run has gone on since."""
    headers = {"Idempotency-Key": "k"}
    async with hosted(assist) as served:
        asked = await ask(served, "tool", extra_headers=headers)
        waiting = await ask(served, "tool", extra_headers=headers)
        (call,) = calls(asked)
        await served.openai.responses.create(
            previous_response_id=asked.id, input=[output(call, "3")]
        )
        again = await ask(served, "tool", extra_headers=headers)
    assert asked == waiting == again


async def test_nobody_else_answers() -> None:
    async with hosted(assist) as served:
        asked = await ask(served, "tool")
        (call,) = calls(asked)
        # For bob it is a call of somebody's, long ago: history, and a turn of his own.
        of_bob = await served.speaking_as("bob").responses.create(
            input=[
                {
                    "type": "function_call",
                    "call_id": call.call_id,
                    "name": "add",
                    "arguments": "{}",
                },
                output(call, "3"),
            ]
        )
        done = await served.openai.responses.create(
            previous_response_id=asked.id, input=[output(call, "4")]
        )
    assert "sum" not in of_bob.output_text
    assert done.output_text == "The sum is 4."


async def test_a_conversation_waits_for_its_call() -> None:
    async with hosted(assist) as served:
        conversation = await served.openai.conversations.create()
        asked = await ask(served, "tool", conversation=conversation.id)
        with pytest.raises(ConflictError):
            await ask(served, "hello?", conversation=conversation.id)
        done = await served.openai.responses.create(
            conversation=conversation.id, input=[output(calls(asked)[0], "3")]
        )
        after = await ask(served, "hello?", conversation=conversation.id)
    assert done.output_text == "The sum is 3."
    assert done.conversation is not None
    assert done.conversation.id == conversation.id
    assert after.output_text == "You said hello?."
