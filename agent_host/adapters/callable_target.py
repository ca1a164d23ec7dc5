"""A plain Python callable as a target: async or not, answering or streaming."""

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Generator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from inspect import isawaitable
from types import TracebackType
from typing import Self, cast

from agent_host.adapters.declaration import Declaration
from agent_host.adapters.signature import Signature
from agent_host.calling.answer import to_result
from agent_host.calling.worker_thread import WorkerThreads
from agent_host.types.event import RunCompleted, RunEvent, TextDelta
from agent_host.types.question import Answer
from agent_host.types.quick_init import maker
from agent_host.types.target import TargetCapabilities, TargetDescription
from agent_host.types.turn import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class _Returned:
    value: object


def _to_event(chunk: object) -> RunEvent:
    if isinstance(chunk, str):
        return _make_delta(text=chunk)
    # Whatever else it is, the engine judges: it must do so for every target.
    return cast("RunEvent", chunk)


def _resume(
    generator: Generator[object, Answer | None, object], answer: Answer | None
) -> object | _Returned:
    try:
        return generator.send(answer)
    except StopIteration as stop:
        return _Returned(value=stop.value)


class CallableTarget:
    """Runs what `provide` gives for each turn: the same function, or a fresh instance's method.

    `name` and `description` stand where nothing is declared. `lifespan` is entered with the target.

    Blocking functions and generators run in worker threads, never on the loop. A thread cannot be
    killed: a cancelled run is over at once for its caller, while the function goes on to its end,
    so blocking code should look at `turn.cancelled.is_set()` now and then.
    """

    __slots__ = (
        "_capabilities",
        "_description",
        "_exit",
        "_lifespan",
        "_provide",
        "_signature",
        "_threads",
    )

    def __init__(
        self,
        provide: Callable[[], Callable[..., object]],
        *,
        signature: Signature,
        declared: Declaration,
        name: str,
        description: str,
        lifespan: AbstractAsyncContextManager[object] | None = None,
    ) -> None:
        self._provide = provide
        self._signature = signature
        self._description = TargetDescription(
            name=declared.name or name,
            description=declared.description or description,
            version=declared.version,
            input_schema=signature.input_schema,
            output_schema=signature.output_schema,
        )
        self._capabilities = TargetCapabilities(
            streams=signature.streams,
            keeps_history=declared.keeps_history,
            steers=declared.steers,
            resumes=declared.resumes,
            rerunnable=declared.rerunnable,
            checkpoints=declared.checkpoints,
        )
        self._lifespan = lifespan
        self._exit = AsyncExitStack()
        self._threads = WorkerThreads()

    @property
    def description(self) -> TargetDescription:
        """From the declaration, the docstring and the annotations."""
        return self._description

    @property
    def capabilities(self) -> TargetCapabilities:
        """`streams` for generators; the rest as declared."""
        return self._capabilities

    async def __aenter__(self) -> Self:
        if self._lifespan is not None:
            await self._exit.enter_async_context(self._lifespan)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._exit.__aexit__(kind, error, traceback)

    async def run(self, turn: Turn) -> AsyncGenerator[RunEvent, Answer | None]:
        """Call it once. What is sent to the iterator reaches the callable's own `yield`.

        Raises:
            InvalidInputError: the turn does not carry the typed input that the callable asks for.
        """
        arguments = self._signature.arguments(turn)
        function = self._provide()
        if self._signature.is_blocking:
            outcome = await self._threads.call(function, *arguments)
        else:
            outcome = function(*arguments)
        if isawaitable(outcome):
            outcome = await cast("Awaitable[object]", outcome)
        if isinstance(outcome, str):  # by far the most common, and the others take long to ask
            yield _make_completed(result=to_result(outcome))
            return
        if isinstance(outcome, AsyncGenerator):
            stream = cast("AsyncGenerator[object, Answer | None]", outcome)
        elif isinstance(outcome, Generator):
            generator = cast("Generator[object, Answer | None, object]", outcome)
            stream = _drive_blocking(generator, self._threads)
        elif isinstance(outcome, AsyncIterable):
            stream = _iterate(cast("AsyncIterable[object]", outcome))
        else:
            yield _make_completed(result=to_result(outcome))
            return
        try:
            answer: Answer | None = None
            while True:
                answer = yield _to_event(await stream.asend(answer))
        except StopAsyncIteration:
            return
        finally:
            await stream.aclose()


async def _drive_blocking(
    generator: Generator[object, Answer | None, object], threads: WorkerThreads
) -> AsyncGenerator[object, Answer | None]:
    """Resume in a thread for every item; what the generator returns is its result."""
    answer: Answer | None = None
    is_idle = True
    try:
        while True:
            is_idle = False
            chunk = await threads.call(_resume, generator, answer)
            is_idle = True
            if isinstance(chunk, _Returned):
                if chunk.value is not None:
                    yield RunCompleted(result=to_result(chunk.value))
                return
            answer = yield chunk
    finally:
        # One that still runs in its thread cannot be closed from here; it ends by itself.
        if is_idle:
            await threads.call(generator.close)


async def _iterate(items: AsyncIterable[object]) -> AsyncGenerator[object, Answer | None]:
    async for item in items:
        yield item


_make_completed = maker(RunCompleted)
_make_delta = maker(TextDelta)

__all__ = ["CallableTarget"]
