"""A workflow: typed input, named steps in order, every step's output kept."""

import inspect
from collections.abc import AsyncGenerator, Awaitable, Sequence
from dataclasses import replace
from functools import partial
from inspect import isawaitable
from types import MappingProxyType
from typing import Any, Generic, TypeVar, cast

from pydantic import TypeAdapter

from agent_host.calling.answer import to_json, to_result
from agent_host.calling.feed import Feed, run_producer
from agent_host.calling.typed_input import read_input
from agent_host.calling.worker_thread import WorkerThreads
from agent_host.errors import ConfigurationError
from agent_host.types.event import RunCompleted, RunEvent, StepFinished, StepStarted
from agent_host.types.question import Answer
from agent_host.types.result import RunResult
from agent_host.types.target import Skill, TargetCapabilities, TargetDescription
from agent_host.types.turn import Turn
from agent_host.workflows.progress import Progress, restored
from agent_host.workflows.step import RunStep, Step, StepContext

InputT = TypeVar("InputT")


def _to_step(step: Step | RunStep) -> Step:
    if isinstance(step, Step):
        return step
    name = getattr(step, "__name__", "")
    if not name.isidentifier():
        message = f"The step {step!r} has no name of its own; write Step(id=..., run=...)."
        raise ConfigurationError(message)
    docstring = inspect.getdoc(step) or ""
    return Step(id=name, run=step, description=docstring.split("\n\n", 1)[0])


class Workflow(Generic[InputT]):
    """A target that runs its steps one after another.

    The input is what a run hook made, else the message's data part, else its text as JSON; it is
    validated against `input_type` (a pydantic model, a dataclass, any type pydantic knows) before
    the first step. The last step's output is the answer and `RunResult.value`; all outputs are in
    `RunResult.outputs` as JSON. All state is a run's own, so runs can go on side by side. A run
    that is cancelled stops at its step's next `await`.

    Where the host's store survives the process, the workflow is checkpointed behind every step:
    after a crash it goes on with the step that was in progress, which is run again from its start.
    With the option `checkpoint`, a run's id or `run:step`, a new run goes on behind that, with the
    input that run had. Earlier outputs come back as the steps' return annotations say, or as JSON.

    A step is a function of a `StepContext`, whose name is its id, or a `Step`.

    Raises:
        ConfigurationError: there is no step, or two have one id.
    """

    def __init__(
        self,
        name: str,
        *,
        input_type: type[InputT],
        steps: Sequence[Step | RunStep],
        description: str = "",
        version: str = "0",
        rerunnable: bool = False,
    ) -> None:
        self._steps = tuple(_to_step(step) for step in steps)
        ids = [step.id for step in self._steps]
        if not ids or len(set(ids)) < len(ids):
            message = f"The workflow {name!r} needs one step or more, each with an id of its own."
            raise ConfigurationError(message)
        self._input: TypeAdapter[InputT] = TypeAdapter(input_type)
        self._threads = WorkerThreads()
        self._description = TargetDescription(
            name=name,
            description=description,
            version=version,
            skills=tuple(
                Skill(id=step.id, name=step.name or step.id, description=step.description)
                for step in self._steps
            ),
            input_schema=self._input.json_schema(),
        )
        self._capabilities = TargetCapabilities(
            streams=True, rerunnable=rerunnable, checkpoints=True
        )

    @property
    def description(self) -> TargetDescription:
        """Its skills are its steps."""
        return self._description

    @property
    def capabilities(self) -> TargetCapabilities:
        """It streams its steps, and goes on behind the last one where the host keeps checkpoints;
        elsewhere a question waits in memory.
        """
        return self._capabilities

    def run(self, turn: Turn) -> AsyncGenerator[RunEvent, Answer | None]:
        """Run the steps; see the class.

        Raises:
            InvalidInputError: the input does not fit; with its fields and the rules they break.
            TypeError: a step's output has no JSON form.
        """
        return run_producer(partial(self._run_steps, turn), turn.cancelled)

    async def _run_steps(self, turn: Turn, feed: Feed) -> None:
        about = self._description
        progress = await Progress.load(
            turn, name=about.name, version=about.version, steps=self._steps
        )
        outputs = progress.outputs
        done, steps = self._steps[: len(outputs)], self._steps[len(outputs) :]
        returned = {step.id: restored(step, outputs[step.id]) for step in done}
        context = StepContext(
            turn=turn,
            input_value=self._input_of(turn, progress),
            outputs=MappingProxyType(returned),
            feed=feed,
            ask=progress.ask,
        )
        output: object = returned[done[-1].id] if done else None
        for step in steps:
            await feed.put(StepStarted(step_id=step.id, name=step.name))
            output = await self._run_step(step, context)
            returned[step.id] = output
            outputs[step.id] = to_json(output)
            await progress.finish(step, outputs[step.id])
            await feed.put(StepFinished(step_id=step.id, name=step.name, output=outputs[step.id]))
        answer = to_result(output)
        value = answer.value if isinstance(output, RunResult) else outputs[self._steps[-1].id]
        await feed.put(RunCompleted(result=replace(answer, value=value, outputs=outputs)))

    def _input_of(self, turn: Turn, progress: Progress) -> InputT:
        if progress.is_restored:
            return progress.input(self._input)
        input_value = read_input(turn, self._input)
        progress.begin(input_value)
        return input_value

    async def _run_step(self, step: Step, context: StepContext[Any]) -> object:
        is_async = inspect.iscoroutinefunction(step.run)
        output = step.run(context) if is_async else await self._threads.call(step.run, context)
        return await cast("Awaitable[object]", output) if isawaitable(output) else output


__all__ = ["Workflow"]
