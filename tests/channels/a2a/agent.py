"""An agent whose words say what it is to do: every state, part and artifact, from plain Python."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from agent_host.errors import TargetRejectedError
from agent_host.types import (
    Answer,
    ArtifactChunk,
    DataPart,
    FilePart,
    InputRequired,
    PartAdded,
    ProgressReported,
    Question,
    QuestionId,
    RunCompleted,
    RunEvent,
    RunResult,
    TextDelta,
    TextPart,
    Turn,
)

BYTES = b"\x00\x01 some bytes"
SECRET = "correct-horse-battery"
QUESTIONS = (
    Question(id=QuestionId("qst_days"), prompt="How many days?", schema={"type": "integer"}),
    Question(
        id=QuestionId("qst_sure"), prompt="Sure?", kind="approval", schema={"type": "boolean"}
    ),
)
WAITING = "waiting for you"


async def converse(turn: Turn) -> AsyncGenerator[RunEvent | str | RunResult, Answer]:
    """Do what the last message says; say it again if it says nothing else."""
    match turn.text:
        case "stream":
            for number in range(20):
                yield TextDelta(text=f"{number} ")
        case "artifacts":
            yield ArtifactChunk(
                artifact_id="report",
                name="Report",
                description="What was found",
                parts=(TextPart(text="one"),),
                last=False,
                metadata={"pages": 2},
            )
            yield ArtifactChunk(artifact_id="report", parts=(TextPart(text="two"),), append=True)
            yield ArtifactChunk(
                artifact_id="numbers", parts=(DataPart(data={"answer": 42}),), last=True
            )
        case "files":
            yield PartAdded(part=FilePart(media_type="image/png", data=BYTES, name="one.png"))
            yield PartAdded(part=FilePart(media_type="text/html", uri="https://example.org/x"))
        case "data":
            yield PartAdded(part=DataPart(data={"list": [1, None, "x"]}))
        case "progress":
            yield ProgressReported(text="half way")
            yield "done"
        case "fail":
            raise RuntimeError(SECRET)
        case "reject":
            message = "I will not do that."
            raise TargetRejectedError(message)
        case "ask":
            answer = yield InputRequired(questions=QUESTIONS[1:])
            yield f"you said {answer.value}"
        case "ask twice":
            yield TextDelta(text="first ")
            days = yield InputRequired(questions=QUESTIONS[:1])
            sure = yield InputRequired(questions=QUESTIONS[1:])
            yield TextDelta(text=f"{days.value} {sure.value}")
        case "ask both":
            both = yield InputRequired(questions=QUESTIONS)
            yield f"{both.values}"
        case "sign in":
            question = Question(prompt="Sign in at example.org", kind="auth")
            signed = yield InputRequired(questions=(question,))
            yield f"signed in with {signed.value}"
        case "wait":
            yield TextDelta(text=WAITING)
            await turn.cancelled.wait()
        case "message":
            yield RunCompleted(
                result=RunResult(
                    messages=RunResult.of_text("just words").messages,
                    metadata={"a2a": {"reply": "message"}},
                )
            )
        case "attributes":
            seen: Any = turn.attributes["a2a"]
            yield PartAdded(part=DataPart(data={"seen": seen, "metadata": turn.metadata}))
        case text:
            yield text


async def until_cancelled(turn: Turn) -> str:
    """Never ends by itself."""
    await asyncio.wait_for(turn.cancelled.wait(), 30)
    return "stopped"


__all__ = ["BYTES", "QUESTIONS", "SECRET", "WAITING", "converse", "until_cancelled"]
