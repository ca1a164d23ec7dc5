"""Agents on servers that are not ours: the official SDK's, of 1.0 and with 0.3, and fasta2a."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from a2a.helpers import new_task_from_user_message
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandlerV2
from a2a.server.routes import (
    create_agent_card_routes,
    create_jsonrpc_routes,
    create_rest_routes,
)
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types.a2a_pb2 import (
    AgentCapabilities,
    AgentCard,
    AgentInterface,
    AgentSkill,
    Part,
    Role,
    TaskState,
)
from a2a.types.a2a_pb2 import Message as Said
from google.protobuf.struct_pb2 import Value
from starlette.applications import Starlette
from starlette.types import ASGIApp

from agent_host.testing.live_server import live_server

PATH: Final = "/spoken"
BYTES: Final = b"\x00 bytes"


class WordedExecutor(AgentExecutor):
    """Does what the message says, as the SDK's documents write executors."""

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        words = context.get_user_input()
        assert context.message is not None
        if words == "message":
            said = Said(message_id="m", role=Role.ROLE_AGENT, parts=[Part(text="just words")])
            await event_queue.enqueue_event(said)
            return
        task = context.current_task
        if task is None:
            task = new_task_from_user_message(context.message)
            await event_queue.enqueue_event(task)
        updater = TaskUpdater(event_queue, task.id, task.context_id)
        if task.status.state == TaskState.TASK_STATE_INPUT_REQUIRED:
            words = f"you said {words}"
        await updater.start_work(_said(updater, "on it"))
        match words:
            case "stream":
                for number in range(3):
                    await updater.add_artifact(
                        [Part(text=f"{number} ")],
                        artifact_id="words",
                        append=number > 0,
                        last_chunk=number == 2,
                    )
                await updater.complete()
            case "said":
                await updater.complete(_said(updater, "said at the end"))
            case "artifacts":
                await updater.add_artifact([Part(text="# Report")], name="report")
                data = Value()
                data.struct_value.update({"answer": 42})
                await updater.add_artifact([Part(data=data)], name="numbers")
                file = Part(raw=BYTES, media_type="image/png", filename="one.png")
                await updater.add_artifact([file], name="picture")
                await updater.complete(_said(updater, "three of them"))
            case "ask":
                await updater.requires_input(_said(updater, "Which one?"))
            case "sign in":
                await updater.requires_auth(_said(updater, "Sign in."))
            case "reject":
                await updater.reject(_said(updater, "I will not."))
            case "fail":
                await updater.failed(_said(updater, "It broke."))
            case "raise":
                raise RuntimeError("correct-horse-battery")
            case _:
                await updater.add_artifact([Part(text=words)])
                await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        """It is over before anybody could."""


def _said(updater: TaskUpdater, text: str) -> Said:
    return updater.new_agent_message([Part(text=text)])


def _card(url: str, interfaces: Sequence[tuple[str, str]], *, streams: bool) -> AgentCard:
    return AgentCard(
        name="Worded agent",
        description="Does what it is told.",
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[AgentSkill(id="obey", name="Obey", description="Obeys.", tags=["x"])],
        version="7",
        capabilities=AgentCapabilities(streaming=streams),
        supported_interfaces=[
            AgentInterface(url=f"{url}{PATH}", protocol_binding=binding, protocol_version=version)
            for binding, version in interfaces
        ],
    )


class _Late:
    """An application that is made once its own address is known."""

    app: ASGIApp | None = None

    async def __call__(self, *arguments: Any) -> None:
        assert self.app is not None
        await self.app(*arguments)


@asynccontextmanager
async def sdk_server(binding: str, version: str, *, streams: bool = True) -> AsyncGenerator[str]:
    """The URL of the official SDK's server, that says it speaks this and nothing else."""
    late = _Late()

    async def lifespan(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": f"{message['type']}.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        await late(scope, receive, send)

    async with live_server(lifespan) as url:
        card = _card(url, [(binding, version)], streams=streams)
        handler = DefaultRequestHandlerV2(
            agent_executor=WordedExecutor(), task_store=InMemoryTaskStore(), agent_card=card
        )
        spoken = (
            create_jsonrpc_routes(handler, PATH, enable_v0_3_compat=version == "0.3")
            if binding == "JSONRPC"
            else create_rest_routes(handler, path_prefix=PATH)
        )
        # The card first: the SDK takes any other path for a tenant.
        late.app = Starlette(routes=[*create_agent_card_routes(card), *spoken])
        yield url


__all__ = ["BYTES", "sdk_server"]
