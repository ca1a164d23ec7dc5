"""An agent that asks before it acts: its run waits for the answer, for as long as it takes.

    agent-host run examples/questions.py:agent

A plain generator: the answer is the value of its `yield`.
"""

from collections.abc import AsyncGenerator

from agent_host.types import Answer, InputRequired, ProgressReported, Question, RunEvent


async def agent(text: str) -> AsyncGenerator[str | RunEvent, Answer]:
    """Plan a trip, and ask what is not known yet."""
    yield ProgressReported(text="Looking at the calendar.")
    days = yield InputRequired(
        questions=(
            Question(
                prompt=f"How many days do you want for {text!r}?",
                schema={"type": "integer", "minimum": 1, "maximum": 30},
            ),
        )
    )
    approved = yield InputRequired(
        questions=(
            Question(
                prompt=f"Book {days.value} days now?", kind="approval", schema={"type": "boolean"}
            ),
        )
    )
    yield f"{text}: {days.value} days are booked." if approved.value else "Nothing is booked."
