"""The same echo on the official SDK's server (a2a-sdk), in memory, as its documents write it."""

from typing import Final

from a2a.helpers import new_task_from_user_message
from a2a.server.agent_execution import AgentExecutor, RequestContext
from a2a.server.events import EventQueue
from a2a.server.request_handlers import DefaultRequestHandlerV2
from a2a.server.routes import create_jsonrpc_routes
from a2a.server.tasks import InMemoryTaskStore, TaskUpdater
from a2a.types.a2a_pb2 import AgentCapabilities, AgentCard, AgentInterface, AgentSkill, Part
from starlette.applications import Starlette

from benchmarks.a2a_application import A2A_PATH

_CARD: Final = AgentCard(
    name="echo",
    description="Says it again.",
    default_input_modes=["text/plain"],
    default_output_modes=["text/plain"],
    skills=[AgentSkill(id="echo", name="echo", description="Says it again.", tags=["echo"])],
    version="1",
    capabilities=AgentCapabilities(streaming=True),
    supported_interfaces=[
        AgentInterface(url=A2A_PATH, protocol_binding="JSONRPC", protocol_version="1.0")
    ],
)


class _Echo(AgentExecutor):
    """Answers with an artifact."""

    async def execute(self, context: RequestContext, event_queue: EventQueue) -> None:
        """Say it again."""
        assert context.message is not None
        task = new_task_from_user_message(context.message)
        await event_queue.enqueue_event(task)
        updater = TaskUpdater(event_queue, task.id, task.context_id)
        await updater.add_artifact([Part(text=context.get_user_input())])
        await updater.complete()

    async def cancel(self, context: RequestContext, event_queue: EventQueue) -> None:
        """It is over before anybody could."""


def sdk_echo() -> Starlette:
    """Theirs for `a2a_send`."""
    handler = DefaultRequestHandlerV2(
        agent_executor=_Echo(), task_store=InMemoryTaskStore(), agent_card=_CARD
    )
    return Starlette(routes=list(create_jsonrpc_routes(handler, A2A_PATH)))


__all__ = ["sdk_echo"]
