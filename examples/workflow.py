"""A workflow with typed input: two steps, a question, every step's output kept.

    python examples/workflow.py

The run hook makes the typed input out of whatever a channel sends: here of a sentence such as
"refund 250 to ada". What pydantic does not accept is a 422 that names the fields.
"""

from typing import Literal

from pydantic import BaseModel, Field

from agent_host import AgentHost
from agent_host.types import Question, Turn
from agent_host.workflows import Step, StepContext, Workflow
from agent_host_rest import RestChannel

WITHOUT_ASKING = 100


class Refund(BaseModel):
    """What the workflow works on."""

    action: Literal["refund"]
    amount: int = Field(gt=0)
    person: str


class Decision(BaseModel):
    """Whether to pay, and who says so."""

    approved: bool
    by: str


def to_refund(turn: Turn) -> Refund:
    """The sentence as a refund."""
    words = turn.text.split()
    fields = {"action": words[:1], "amount": words[1:2], "person": words[3:4]}
    return Refund.model_validate({name: found[0] for name, found in fields.items() if found})


async def check(context: StepContext[Refund]) -> Decision:
    """Small amounts pass, large ones need a yes."""
    if context.input.amount <= WITHOUT_ASKING:
        return Decision(approved=True, by="the rule")
    prompt = f"Pay {context.input.amount} to {context.input.person}?"
    question = Question(prompt=prompt, kind="approval", schema={"type": "boolean"})
    return Decision(approved=bool(await context.ask(question)), by="a person")


def pay(context: StepContext[Refund]) -> str:
    """Not async, so it may block: it runs in a thread."""
    decision = context.outputs["check"]
    assert isinstance(decision, Decision)  # noqa: S101 - tells the type checker
    refund = context.input
    return f"{refund.amount} paid to {refund.person}" if decision.approved else "not paid"


workflow = Workflow(
    "refunds",
    description="Pays money back.",
    input_type=Refund,
    steps=[check, Step(id="pay", name="Pay out", run=pay)],
)


def create_host() -> AgentHost:
    """The workflow behind its run hook."""
    return AgentHost(workflow, channels=[RestChannel()], run_hook=to_refund)


if __name__ == "__main__":
    create_host().run(on_listening=lambda url: print(f"refunds are hosted on {url}", flush=True))
