"""A Pydantic AI agent as a target. The agent itself stays as it is, and serves all turns."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from functools import partial
from types import NoneType, TracebackType
from typing import Any, Final, Self, TypeAlias, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from pydantic_ai.agent import AbstractAgent, AgentRunEvents
from pydantic_ai.capabilities import HandleDeferredToolCalls, ReinjectSystemPrompt
from pydantic_ai.exceptions import RunCancelled as AgentCancelled
from pydantic_ai.exceptions import RunTimedOut, UserError
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import DeferredToolRequests, DeferredToolResults, RunContext
from pydantic_ai.toolsets import ExternalToolset, FunctionToolset
from typing_extensions import TypedDict

from agent_host.adapters.declaration import to_name
from agent_host.adapters.pydantic_ai_event import EventTranslator, to_usage
from agent_host.adapters.pydantic_ai_failure import to_failure
from agent_host.adapters.pydantic_ai_message import to_prompt
from agent_host.adapters.pydantic_ai_question import client_tools, to_questions, to_results
from agent_host.calling.feed import Feed, run_producer
from agent_host.calling.typed_input import validation_problems
from agent_host.errors import InvalidInputError
from agent_host.types.event import RunCancelled, RunEvent, UsageReported
from agent_host.types.json import JsonObject
from agent_host.types.question import Answer
from agent_host.types.target import Skill, TargetCapabilities, TargetDescription
from agent_host.types.turn import Turn

# Of any dependencies and output: what they are is the user's affair.
AnyAgent: TypeAlias = AbstractAgent[Any, Any]


@with_config(ConfigDict(strict=True, extra="ignore"))
class _CallerSettings(TypedDict, total=False):
    """The options a caller may set; whatever else stands in the options is for somebody else."""

    max_tokens: int
    temperature: float
    top_p: float
    seed: int
    presence_penalty: float
    frequency_penalty: float
    stop_sequences: list[str]
    parallel_tool_calls: bool


_SETTINGS: Final = TypeAdapter(_CallerSettings)


def to_settings(options: JsonObject) -> ModelSettings:
    """The known ones of a caller's options.

    Raises:
        InvalidInputError: one is of the wrong type.
    """
    try:
        return cast("ModelSettings", _SETTINGS.validate_python(dict(options)))
    except ValidationError as error:
        message = "An option does not have the form the agent takes."
        raise InvalidInputError(message, validation_problems(error)) from error


class PydanticAITarget:
    """Runs the agent once per turn.

    History comes from the host. A tool that needs approval, or whose work is done elsewhere, asks
    its question while the run goes on waiting. Dependencies: an agent with `deps_type=Turn` gets
    the turn; one whose run hook makes a value of its `deps_type` gets that; others get None.
    """

    __slots__ = ("_agent", "_description", "_exit")

    def __init__(self, agent: AnyAgent, name: str) -> None:
        self._agent = agent
        self._exit = AsyncExitStack()
        described = agent.description
        self._description = TargetDescription(
            name=to_name(agent.name or name, otherwise=name),
            description=described if isinstance(described, str) else "",
            skills=_skills(agent),
            output_schema=_output_schema(agent),
        )

    @property
    def description(self) -> TargetDescription:
        """Its skills are the agent's function tools."""
        return self._description

    @property
    def capabilities(self) -> TargetCapabilities:
        """It streams; a question waits in memory."""
        return TargetCapabilities(streams=True)

    async def __aenter__(self) -> Self:
        await self._exit.enter_async_context(self._agent)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._exit.__aexit__(kind, error, traceback)

    def run(self, turn: Turn) -> AsyncGenerator[RunEvent, Answer | None]:
        """Stream the agent's answer.

        Raises:
            InvalidInputError: an option is of the wrong type.
            TargetError: the model or a tool failed in a way that has a name.
        """
        return run_producer(partial(self._answer, turn), turn.cancelled)

    async def _answer(self, turn: Turn, feed: Feed) -> None:
        async def resolve(
            _: RunContext[Any], requests: DeferredToolRequests
        ) -> DeferredToolResults:
            return to_results(requests, await feed.ask(*to_questions(requests)))

        prompt = to_prompt(turn)
        tools = client_tools(turn)
        translator = EventTranslator(turn.run_id)
        async with self._agent.run_stream_events(
            prompt.content,
            message_history=prompt.history,
            instructions=prompt.instructions,
            deps=self._dependencies(turn),
            model_settings=to_settings(turn.options),
            toolsets=[ExternalToolset[Any](tools)] if tools else None,
            capabilities=[HandleDeferredToolCalls(resolve), ReinjectSystemPrompt()],
            infer_name=False,
        ) as events:
            try:
                async for event in events:
                    for translated in translator.translate(event):
                        await feed.put(translated)
            except AgentCancelled as error:
                _tell_spent(events, feed)
                if isinstance(error, RunTimedOut):
                    raise to_failure(error) from error
                await feed.put(RunCancelled())
            except asyncio.CancelledError:
                _tell_spent(events, feed)
                raise
            except Exception as error:
                _tell_spent(events, feed)
                failure = to_failure(error)
                if failure is error:
                    raise
                raise failure from error

    def _dependencies(self, turn: Turn) -> object:
        wanted = self._agent.deps_type
        if wanted is Turn:
            return turn
        return turn.input if wanted is not NoneType and isinstance(turn.input, wanted) else None


def _tell_spent(events: AgentRunEvents[Any], feed: Feed) -> None:
    try:
        usage = to_usage(events.usage)
    except UserError:
        return  # It never began.
    feed.tell(UsageReported(usage=usage))


def _skills(agent: AnyAgent) -> tuple[Skill, ...]:
    """The tools that can be read without running anything: those that are Python functions."""
    return tuple(
        Skill(
            id=tool.name,
            name=tool.name,
            description=tool.description or "",
            input_schema=tool.function_schema.json_schema,
        )
        for toolset in agent.toolsets
        if isinstance(toolset, FunctionToolset)
        for tool in toolset.tools.values()
    )


def _output_schema(agent: AnyAgent) -> JsonObject | None:
    schema: JsonObject = agent.output_json_schema()
    return None if schema.get("type") == "string" else schema


def to_target(candidate: object, name: str) -> PydanticAITarget:
    """The agent as a target, `name` where it has none."""
    return PydanticAITarget(cast("AnyAgent", candidate), name)


__all__ = ["PydanticAITarget", "to_settings", "to_target"]
