"""Targets for the tests: what an agent does when its caller says this or that."""

from collections.abc import AsyncGenerator

from agent_host.errors import TargetError, TargetRejectedError
from agent_host.types import (
    Answer,
    ArtifactChunk,
    DataPart,
    FilePart,
    InputRequired,
    PartAdded,
    Question,
    ReasoningDelta,
    RunCancelled,
    RunEvent,
    TextDelta,
    TextPart,
    ToolCallFinished,
    ToolCallStarted,
    Turn,
    Usage,
    UsageReported,
)

PNG = b"\x89PNG\r\n"


async def recall(turn: Turn) -> str:
    """All that the person has said in this conversation."""
    return " / ".join(
        message.text for message in turn.conversation_messages if message.role == "user"
    )


async def speak(turn: Turn) -> AsyncGenerator[RunEvent]:
    """Everything that can be said without asking."""
    yield ReasoningDelta(text="Let me ")
    yield ReasoningDelta(text="see.")
    yield ToolCallStarted(call_id="one", name="look_up", arguments={"word": "sea"})
    yield ToolCallStarted(call_id="two", name="count", arguments={"word": "sea"})
    yield ToolCallFinished(call_id="two", name="count", result={"letters": 3})
    yield ToolCallFinished(call_id="one", name="look_up", result="no book", is_error=True)
    yield TextDelta(text="It is ")
    yield TextDelta(text="the sea.")
    yield PartAdded(part=FilePart(media_type="image/png", data=PNG, name="sea.png"))
    yield PartAdded(part=DataPart(data={"depth": 7}))
    yield ArtifactChunk(artifact_id="map", parts=(TextPart(text="A map."),))
    yield UsageReported(
        usage=Usage(input_tokens=5, output_tokens=7, cached_input_tokens=1, reasoning_tokens=2)
    )


async def assist(turn: Turn) -> AsyncGenerator[RunEvent, Answer | None]:
    """Asks what it is told to ask, and says what it was answered."""
    kind = turn.text.partition(" ")[0]
    if kind == "tool":
        yield TextDelta(text="One moment. ")
        answer = yield _ask("client_tool", "Run add.", tool="add", arguments={"a": 1, "b": 2})
        yield TextDelta(text=f"The sum is {_value(answer)}.")
    elif kind == "tools":
        answer = yield InputRequired(
            questions=(
                Question(prompt="Run add.", kind="client_tool", metadata={"tool": "add"}),
                Question(prompt="Run sub.", kind="client_tool", metadata={"tool": "sub"}),
            )
        )
        yield TextDelta(text=" and ".join(str(value) for value in answer.values.values()))  # type: ignore[union-attr]
    elif kind == "approve":
        answer = yield _ask("approval", "May I?", tool="send", arguments={"to": "ada"})
        yield TextDelta(text=f"Approved: {_value(answer)}.")
    elif kind == "input":
        answer = yield InputRequired(
            questions=(Question(prompt="How many?", schema={"type": "integer"}),)
        )
        yield TextDelta(text=f"{_value(answer)} it is.")
    elif kind == "twice":
        first = yield _ask("client_tool", "Run add.", tool="add")
        second = yield _ask("client_tool", "Run sub.", tool="sub")
        yield TextDelta(text=f"{_value(first)} then {_value(second)}")
    elif kind == "fail":
        yield TextDelta(text="Well, ")
        raise RuntimeError("the password is swordfish")
    elif kind == "refuse":
        raise TargetRejectedError("I will not do that.")
    elif kind == "limit":
        raise TargetError("The model is busy.", code="rate_limit", retryable=True)
    elif kind == "stop":
        yield RunCancelled()
    elif kind == "options":
        tools = ", ".join(str(tool["name"]) for tool in turn.client_tools)
        yield TextDelta(text=f"{sorted(turn.options)} {tools}".strip())
    elif kind == "wait":
        yield TextDelta(text="waiting")
        await turn.cancelled.wait()
        yield RunCancelled(reason="caller")
    else:
        yield TextDelta(text=f"You said {turn.text}.")


def _ask(kind: str, prompt: str, **metadata: object) -> InputRequired:
    return InputRequired(
        questions=(Question(prompt=prompt, kind=kind, metadata=metadata),)  # type: ignore[arg-type]
    )


def _value(answer: Answer | None) -> object:
    assert answer is not None
    return answer.value
