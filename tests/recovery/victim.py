"""A host in a process of its own, to be killed: it starts one run and says when a step is reached.

Steps leave a line in FOLDER/log each time they begin. In the phase `first` the step `middle` says
`reached` and waits to be killed.
"""

# pyright: reportMissingTypeStubs=false
# LangGraph is typed, but as a namespace package it does not look so.

import asyncio
import operator
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt
from pydantic import BaseModel
from typing_extensions import TypedDict

from agent_host import AgentHost
from agent_host.context import current_principal
from agent_host.stores.disk import DiskStateStore
from agent_host.types import Caller, ChannelRequest, Message, Principal, Run, SessionMode
from agent_host.workflows import StepContext, Workflow

CALLER = Caller(channel="test")


class Order(BaseModel):
    count: int


@dataclass
class Price:
    total: int


@dataclass
class Steps:
    """What steps do besides their work."""

    folder: Path
    phase: str
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, name: str) -> None:
        with (self.folder / "log").open("a") as log:
            log.write(f"{name}\n")

    async def middle(self) -> None:
        self.note("middle")
        self.reached.set()
        if self.phase == "first":
            print("reached", flush=True)
            await asyncio.Event().wait()


def workflow(steps: Steps) -> Workflow[Order]:
    async def price(context: StepContext[Order]) -> Price:
        steps.note("price")
        return Price(total=context.input.count * 10)

    async def middle(context: StepContext[Order]) -> str:
        del context
        await steps.middle()
        return "middle"

    async def bill(context: StepContext[Order]) -> str:
        found = context.outputs["price"]
        assert isinstance(found, Price)
        return f"pay {found.total}"

    return Workflow("orders", input_type=Order, steps=[price, middle, bill])


def asking_workflow(steps: Steps) -> Workflow[Order]:
    async def price(context: StepContext[Order]) -> int:
        steps.note("price")
        return context.input.count * 10

    async def confirm(context: StepContext[Order]) -> list[Any]:
        steps.note("confirm")
        return [await context.ask("first?"), await context.ask("second?")]

    return Workflow("asking", input_type=Order, steps=[price, confirm])


class Count(TypedDict, total=False):
    count: int
    price: Price
    trail: Annotated[list[str], operator.add]


def graph(steps: Steps, *, asks: bool, saver: Any) -> Any:
    def price(state: Count) -> dict[str, Any]:
        steps.note("price")
        return {"price": Price(total=state.get("count", 0) * 10), "trail": ["price"]}

    async def middle(_: Count) -> dict[str, Any]:
        if asks:
            steps.note("middle")
            return {"trail": [f"answered {interrupt('Really?')}"]}
        await steps.middle()
        return {"trail": ["middle"]}

    def bill(state: Count) -> dict[str, Any]:
        found = state.get("price")
        assert isinstance(found, Price)
        return {"trail": [f"pay {found.total}"]}

    builder: Any = StateGraph(Count)
    builder.add_node("price", price)
    builder.add_node("middle", middle)
    builder.add_node("bill", bill)
    builder.add_edge(START, "price")
    builder.add_edge("price", "middle")
    builder.add_edge("middle", "bill")
    builder.add_edge("bill", END)
    return builder.compile(checkpointer=saver)


TARGETS: dict[str, Callable[[Steps], object]] = {
    "workflow": workflow,
    "asking_workflow": asking_workflow,
    "graph": lambda steps: graph(steps, asks=False, saver=None),
    "graph_in_memory": lambda steps: graph(steps, asks=False, saver=InMemorySaver()),
    "asking_graph": lambda steps: graph(steps, asks=True, saver=None),
    "asking_graph_in_memory": lambda steps: graph(steps, asks=True, saver=InMemorySaver()),
}


def make_host(folder: Path, name: str, *, phase: str, steps: Steps | None = None) -> AgentHost:
    """The host of both lives."""
    target = TARGETS[name](steps or Steps(folder, phase))
    current_principal.set(Principal(id="alice", kind="token"))
    # A session's lease outlives its process for half a minute, which these tests do not wait for.
    return AgentHost(
        target,
        store=DiskStateStore(folder / "state"),
        session_mode=SessionMode.DISABLED,
        grace=timedelta(seconds=0.2),
    )


async def begin(host: AgentHost) -> Run:
    """Start the run in the background."""
    said = Message.user('{"count": 2}')
    request = ChannelRequest(caller=CALLER, input=(said,), background=True)
    return (await host.context.start(request)).run


async def _live(folder: Path, name: str) -> None:
    async with make_host(folder, name, phase="first") as host:
        run = await begin(host)
        (folder / "run").write_text(run.id)
        view = await host.context.runs(CALLER)
        async for _ in view.events(run.id):
            pass
        print((await view.get(run.id)).run.status.value, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """The first life."""
    asyncio.run(_live(Path(sys.argv[1]), sys.argv[2]))
