"""The same echo, and the same 20 words, on fasta2a, in memory, as its documents write it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import uuid4

from fasta2a import FastA2A, Worker  # type: ignore[import-untyped]
from fasta2a.broker import InMemoryBroker  # type: ignore[import-untyped]
from fasta2a.schema import Artifact, TaskIdParams, TaskSendParams  # type: ignore[import-untyped]
from fasta2a.storage import InMemoryStorage  # type: ignore[import-untyped]
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.a2a_application import A2A_PATH
from benchmarks.application import DELTAS

_ANSWER: Final = "answer"


class _Echo(Worker[Any]):  # type: ignore[misc]  # it has no annotations to go by
    """Answers with an artifact."""

    async def run_task(self, params: TaskSendParams) -> None:
        """Say it again."""
        await self.storage.update_task(params["id"], state="working")
        said = Artifact(artifact_id=str(uuid4()), parts=params["message"]["parts"])
        await self.storage.update_task(params["id"], state="completed", new_artifacts=[said])

    async def cancel_task(self, params: TaskIdParams) -> None:
        """It is over before anybody could."""

    def build_message_history(self, history: list[Any]) -> list[Any]:
        """There is no model to be told of it."""
        return history

    def build_artifacts(self, result: Any) -> list[Artifact]:  # noqa: ANN401 - as it is declared
        """The worker makes its own."""
        return [result]


class _Speaker(_Echo):
    """Answers with an artifact that comes by the word."""

    async def run_task(self, params: TaskSendParams) -> None:
        """Say the words."""
        task_id, context_id = params["id"], params["context_id"]
        await self.storage.update_task(task_id, state="working")
        await self.publish_status(task_id, context_id, "working")
        for number, word in enumerate(DELTAS):
            said = Artifact(artifact_id=_ANSWER, parts=[{"text": word}])
            await self.publish_artifact(
                task_id,
                context_id,
                said,
                append=number > 0,
                last_chunk=number == len(DELTAS) - 1,
            )
        whole = Artifact(artifact_id=_ANSWER, parts=[{"text": "".join(DELTAS)}])
        await self.storage.update_task(task_id, state="completed", new_artifacts=[whole])


def fasta2a_echo() -> ASGIApp:
    """Theirs for `a2a_send`."""
    return _served(_Echo)


def fasta2a_speak() -> ASGIApp:
    """Theirs for `a2a_stream`."""
    return _served(_Speaker)


def _served(kind: type[_Echo]) -> ASGIApp:
    storage: InMemoryStorage[Any] = InMemoryStorage()
    broker = InMemoryBroker()
    worker = kind(storage=storage, broker=broker)

    @asynccontextmanager
    async def lifespan(app: FastA2A) -> AsyncGenerator[None]:
        async with app.task_manager, worker.run():
            yield

    theirs = FastA2A(storage=storage, broker=broker, lifespan=lifespan)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == A2A_PATH:
            scope["path"] = "/"  # theirs answers there only
        await theirs(scope, receive, send)

    return app


__all__ = ["fasta2a_echo", "fasta2a_speak"]
