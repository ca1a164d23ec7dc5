"""A workflow's step, and what it is given."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from agent_host.calling.feed import Feed
from agent_host.types.event import RunEvent
from agent_host.types.json import JsonValue
from agent_host.types.question import Question
from agent_host.types.turn import Turn

InputT = TypeVar("InputT")


class StepContext(Generic[InputT]):
    """One run's own: the typed input, what earlier steps gave, and a way to speak and to ask.

    `outputs` holds what the steps returned, by step id, as they returned it.
    """

    __slots__ = ("_ask", "_feed", "input", "outputs", "turn")

    def __init__(
        self,
        *,
        turn: Turn,
        input_value: InputT,
        outputs: Mapping[str, object],
        feed: Feed,
        ask: Callable[[Question, Feed], Awaitable[JsonValue]],
    ) -> None:
        self.turn = turn
        self.input = input_value
        self.outputs = outputs
        self._feed = feed
        self._ask = ask

    async def ask(self, question: Question | str) -> JsonValue:
        """Suspend the run until `question` is answered; the answer's value. Async steps only.

        Where the host keeps checkpoints the question outlives the process. The step is then run
        from its start when the answer comes, and what it asked before is answered as it was: so a
        step asks the same things in the same order, and does nothing twice that must be done once.
        """
        asked = Question(prompt=question) if isinstance(question, str) else question
        return await self._ask(asked, self._feed)

    async def emit(self, event: RunEvent) -> None:
        """Send an event while the step runs: text, progress, an artifact. Async steps only."""
        await self._feed.put(event)


# A step reads the input it knows its workflow to have; the list of steps cannot say so in types.
RunStep: TypeAlias = Callable[[StepContext[Any]], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`run` does the work, and runs in a worker thread where it is not async. `id` is stable and
    unique in its workflow: outputs are kept under it.
    """

    id: str
    run: RunStep
    name: str | None = None
    description: str = ""


__all__ = ["RunStep", "Step", "StepContext"]
