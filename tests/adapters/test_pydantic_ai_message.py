"""Messages from other sources become Pydantic AI's, and its own special ones become ours."""

import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic_ai import Agent, ToolReturn
from pydantic_ai import exceptions as sdk_errors
from pydantic_ai import messages as sdk
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, FunctionModel

from agent_host.adapters.pydantic_ai import PydanticAIAdapter
from agent_host.adapters.pydantic_ai_event import EventTranslator
from agent_host.adapters.pydantic_ai_failure import to_failure
from agent_host.adapters.pydantic_ai_message import from_model_messages, to_model_messages
from agent_host.errors import FailureCode, MissingExtraError, TargetError
from agent_host.types import (
    DataPart,
    ErrorPart,
    FilePart,
    Message,
    PartAdded,
    ReasoningPart,
    RunId,
    TextDelta,
    TextPart,
    ToolCallFinished,
    ToolCallPart,
    ToolCallStarted,
    ToolResultPart,
)
from tests.adapters.driving import drive, make_turn

CALL = ToolCallPart(call_id="1", name="look", arguments={"a": 1})
RESULT = ToolResultPart(call_id="1", name="look", result={"b": 2}, is_error=True)


def only_part(message: Message) -> Any:
    (converted,) = to_model_messages([message])
    (part,) = converted.parts
    return part


@pytest.mark.parametrize(
    ("part", "content"),
    [
        (TextPart(text="hi"), "hi"),
        (DataPart(data={"a": 1}), '{"a": 1}'),
        (ErrorPart(code="c", message="went wrong"), "went wrong"),
        (FilePart(media_type="a/b", uri="https://example.com/f"), "https://example.com/f"),
    ],
)
def test_an_assistants_part_is_text_where_a_response_can_hold_no_other(
    part: Any, content: str
) -> None:
    assert only_part(Message(role="assistant", parts=(part,))).content == content


def test_thinking_calls_and_files_stay_what_they_are() -> None:
    thinking = ReasoningPart(text="hm", metadata={"signature": "s", "provider_name": "p"})
    converted = only_part(Message(role="assistant", parts=(thinking,)))
    assert (converted.content, converted.signature) == ("hm", "s")
    call = only_part(Message(role="assistant", parts=(CALL,)))
    assert (call.tool_name, call.args, call.tool_call_id) == ("look", {"a": 1}, "1")
    odd = ToolCallPart(call_id="1", name="look", arguments=["not", "an", "object"])
    assert only_part(Message(role="assistant", parts=(odd,))).args == '["not", "an", "object"]'
    file = FilePart(media_type="image/png", data=b"png")
    assert only_part(Message(role="assistant", parts=(file,))).content.data == b"png"


def test_results_are_requests_wherever_they_stand() -> None:
    both = Message(role="assistant", parts=(CALL, RESULT))
    response, request = to_model_messages([both])
    assert isinstance(response, sdk.ModelResponse)
    assert isinstance(request, sdk.ModelRequest)
    returned = request.parts[0]
    assert isinstance(returned, sdk.ToolReturnPart)
    assert (returned.content, returned.outcome) == ({"b": 2}, "failed")
    said = only_part(Message(role="tool", parts=(CALL,)))
    assert said.content == ['{"a": 1}']
    asked = only_part(Message(role="user", parts=(RESULT, ReasoningPart(text="hm"))))
    assert asked.content == ['{"b": 2}', "hm"]
    assert to_model_messages([Message(role="user", parts=())]) == []


def test_what_an_agent_was_told_midway_is_kept() -> None:
    added: list[sdk.ModelMessage] = [
        sdk.ModelRequest([sdk.UserPromptPart("the prompt, which the host has")]),
        sdk.ModelResponse([sdk.ToolCallPart("look", '{"a": ', "1")]),
        sdk.ModelRequest(
            [
                sdk.ToolReturnPart("look", "ok", "1"),
                sdk.UserPromptPart(
                    [
                        "see",
                        sdk.TextContent("this"),
                        sdk.BinaryContent(b"x", media_type="text/plain"),
                        sdk.ImageUrl("https://example.com/a.png"),
                        sdk.CachePoint(),
                    ]
                ),
            ]
        ),
        sdk.ModelResponse([sdk.FilePart(sdk.BinaryImage(b"png", media_type="image/png"))]),
        sdk.ModelRequest([sdk.UserPromptPart("go on")]),
        sdk.ModelResponse([]),
    ]
    call, result, file, prompt = from_model_messages(added)
    assert call.parts == (ToolCallPart(call_id="1", name="look", arguments='{"a": '),)
    assert (result.role, [type(part) for part in result.parts]) == (
        "tool",
        [ToolResultPart, TextPart, TextPart, FilePart, FilePart],
    )
    assert file.parts == (FilePart(media_type="image/png", data=b"png"),)
    assert (prompt.role, prompt.text) == ("user", "go on")
    assert to_model_messages([call, result, file]) == added[1:4]


def test_a_providers_own_tools_and_files_are_shown() -> None:
    translator = EventTranslator(RunId("run_1"))
    call = sdk.NativeToolCallPart("search", {"q": "a"}, "1")
    returned = sdk.NativeToolReturnPart("search", ["found"], "1")
    file = sdk.FilePart(sdk.BinaryContent(b"png", media_type="image/png"))
    events = [
        event
        for given in (
            sdk.PartStartEvent(index=0, part=sdk.TextPart("")),
            sdk.PartStartEvent(index=1, part=call),
            sdk.PartEndEvent(index=1, part=call),
            sdk.PartEndEvent(index=2, part=returned),
            sdk.PartStartEvent(index=3, part=file),
            sdk.PartDeltaEvent(index=0, delta=sdk.TextPartDelta("")),
            sdk.PartDeltaEvent(index=0, delta=sdk.TextPartDelta("text")),
        )
        for event in translator.translate(given)
    ]
    assert [type(event) for event in events] == [
        ToolCallStarted,
        ToolCallFinished,
        PartAdded,
        TextDelta,
    ]


async def test_a_tool_that_hands_over_more_than_its_result_loses_nothing() -> None:
    async def stream(messages: list[sdk.ModelMessage], _: AgentInfo) -> AsyncIterator[Any]:
        if any(isinstance(message, sdk.ModelResponse) for message in messages):
            yield "done"
        else:
            yield {0: DeltaToolCall(name="look", json_args="{}", tool_call_id="1")}

    agent: Agent[Any, Any] = Agent(FunctionModel(stream_function=stream))

    @agent.tool_plain
    def look() -> ToolReturn[Any]:
        return ToolReturn(return_value={"n": 1}, content=["see this"], metadata={"m": 2})

    target = PydanticAIAdapter().adapt(agent, name="given")
    result = (await drive(target, make_turn())).result
    assert [message.role for message in result.messages] == ["assistant", "tool", "assistant"]
    (_, request, _) = to_model_messages(result.messages)
    returned = request.parts[0]
    assert isinstance(returned, sdk.ToolReturnPart)
    assert returned.metadata == {"m": 2}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (sdk_errors.UsageLimitExceeded("secret"), FailureCode.REJECTED),
        (sdk_errors.ContentFilterError("secret"), FailureCode.REJECTED),
        (sdk_errors.OutputTokenLimitExceeded("secret"), FailureCode.CONTEXT_OVERFLOW),
        (
            sdk_errors.ModelContextWindowExceededError("m", "secret"),
            FailureCode.CONTEXT_OVERFLOW,
        ),
        (sdk_errors.ModelConnectionError("m", "secret"), FailureCode.DEPENDENCY),
        (sdk_errors.RunTimedOut("secret"), FailureCode.TIMEOUT),
        (
            sdk_errors.FallbackExceptionGroup(
                "secret", [ValueError("a"), sdk_errors.ModelRateLimitError("m", "secret")]
            ),
            FailureCode.RATE_LIMIT,
        ),
    ],
)
def test_known_errors_have_a_code_and_no_detail(error: Exception, code: FailureCode) -> None:
    failure = to_failure(error)
    assert isinstance(failure, TargetError)
    assert failure.code == code
    assert "secret" not in str(failure)


def test_other_errors_stay_what_they_are() -> None:
    error = sdk_errors.UnexpectedModelBehavior("odd")
    assert to_failure(error) is error


def test_a_framework_that_lacks_what_is_needed_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "agent_host.adapters.pydantic_ai_target", None)
    with pytest.raises(MissingExtraError, match=r"\[pydantic-ai\]"):
        PydanticAIAdapter().adapt(Agent(), name="given")
