"""The check that every other test of this folder leans on notices what it is there to notice."""

import json
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from tests.channels.openai.agent import speak
from tests.channels.openai.hosting import hosted
from tests.channels.openai.strict import StrictApp


async def problems_of(app: ASGIApp, path: str) -> list[str]:
    strict = StrictApp(app)
    transport = httpx.ASGITransport(strict)
    async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
        await client.get(path)
    assert strict.checked
    return strict.problems


async def a_response() -> dict[str, Any]:
    async with hosted(speak) as served:
        made = await served.http.post("/v1/responses", json={"input": "hi"})
    body: dict[str, Any] = made.json()
    return body


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"more": 1}, ".more is not known"),
        ({"user": None}, ".user is null"),
        ({"created_at": "1"}, "created_at"),
        ({"status": "done"}, "status"),
        ({"output": [{"type": "message"}]}, "output"),
        ({"usage": {"input_tokens": 1}}, "usage"),
    ],
)
async def test_a_body_that_is_not_as_published_is_noticed(
    change: dict[str, Any], says: str
) -> None:
    body = await a_response()
    assert await problems_of(JSONResponse(body), "/v1/responses/resp_1") == []
    found = await problems_of(JSONResponse({**body, **change}), "/v1/responses/resp_1")
    assert says in found[0]


async def test_a_member_deep_within_is_noticed_and_one_that_is_missing() -> None:
    body = await a_response()
    body["output"][0]["summary"][0]["more"] = 1
    (found,) = await problems_of(JSONResponse(body), "/v1/responses/resp_1")
    assert found.endswith(".output[0].summary[0].more is not known")
    del body["parallel_tool_calls"], body["output"][0]["summary"][0]["more"]
    (found,) = await problems_of(JSONResponse(body), "/v1/responses/resp_1")
    assert "parallel_tool_calls" in found


async def test_an_error_has_four_members() -> None:
    error = {"message": "m", "type": "t", "param": None}
    answer = JSONResponse({"error": error}, status_code=400)
    assert "code" in (await problems_of(answer, "/v1/models"))[0]


@pytest.mark.parametrize(
    ("named", "change", "says"),
    [
        ("response.output_text.delta", {}, ""),
        ("response.output_text.delta", {"more": 1}, ".more is not known"),
        ("response.output_text.done", {}, "is another type"),
        ("response.output_text.delta", {"sequence_number": None}, "sequence_number"),
    ],
)
async def test_an_event_that_is_not_as_published_is_noticed(
    named: str, change: dict[str, Any], says: str
) -> None:
    data: dict[str, Any] = {
        "type": "response.output_text.delta",
        "item_id": "msg_1",
        "output_index": 0,
        "content_index": 0,
        "delta": "x",
        "logprobs": [],
        "sequence_number": 4,
        **change,
    }
    stream = f": heartbeat\n\nevent: {named}\ndata: {json.dumps(data)}\n\n"
    answer = Response(stream, media_type="text/event-stream")
    found = await problems_of(answer, "/v1/responses/resp_1")
    assert says in found[0] if says else found == []
