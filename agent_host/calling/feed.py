"""A producer that runs beside the generator which yields its events.

For targets whose work cannot be a generator itself: a framework's callback that must ask a person,
a step that asks from deep inside, a stream that must stop at once when the run is cancelled.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeAlias

from agent_host.types.event import InputRequired, RunCancelled, RunEvent
from agent_host.types.question import Answer, Question
from agent_host.types.turn import CancelSignal


class _Asking:
    """Questions on their way out, and the answer on its way back."""

    __slots__ = ("answer", "questions")

    def __init__(self, questions: tuple[Question, ...]) -> None:
        self.questions = questions
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()


class _Line:
    """The items between a producer and its generator, and how the producer ended."""

    __slots__ = ("_ended", "_items", "_news", "_taken", "failure", "was_stopped")

    def __init__(self) -> None:
        self._items: deque[RunEvent | _Asking] = deque()
        self._news = asyncio.Event()
        self._taken = asyncio.Event()
        self._ended = False
        self.failure: Exception | None = None
        self.was_stopped = False

    def add(self, item: RunEvent | _Asking) -> None:
        self._items.append(item)
        self._news.set()

    async def until_taken(self) -> None:
        while self._items:
            self._taken.clear()
            await self._taken.wait()

    async def next(self) -> RunEvent | _Asking | None:
        while not self._items:
            if self._ended:
                return None
            self._news.clear()
            await self._news.wait()
        item = self._items.popleft()
        self._taken.set()
        return item

    async def produce(self, producer: "Producer") -> None:
        try:
            await producer(Feed(self))
        except asyncio.CancelledError:
            self.was_stopped = True
            raise
        except Exception as error:  # noqa: BLE001 - the generator raises it again
            self.failure = error
        finally:
            self._ended = True
            self._news.set()


class Feed:
    """What a producer tells its generator, in order. Made by `run_producer`."""

    __slots__ = ("_line",)

    def __init__(self, line: _Line) -> None:
        self._line = line

    def tell(self, event: RunEvent) -> None:
        """Pass on an event without waiting: for a producer that is being stopped."""
        self._line.add(event)

    async def put(self, event: RunEvent) -> None:
        """Pass on an event and wait until it is taken, so that a slow reader slows the producer."""
        self._line.add(event)
        await self._line.until_taken()

    async def ask(self, *questions: Question) -> Answer:
        """Suspend the run until all `questions` are answered. The producer's other tasks go on;
        one that asks too waits for its turn.
        """
        asking = _Asking(questions)
        self._line.add(asking)
        return await asking.answer


Producer: TypeAlias = Callable[[Feed], Awaitable[None]]


class _Beside:
    """Runs a producer, and cancels it when the run is; it has ended when the block has."""

    __slots__ = ("_cancelled", "_group", "_line", "_producer", "_tasks")

    def __init__(self, producer: Producer, cancelled: CancelSignal) -> None:
        self._producer = producer
        self._cancelled = cancelled
        self._line = _Line()
        self._group = asyncio.TaskGroup()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> _Line:
        await self._group.__aenter__()
        work = self._group.create_task(self._line.produce(self._producer))
        self._tasks = [work, self._group.create_task(self._stop_when_cancelled(work))]
        return self._line

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        # The group is not told of the exception: it would wrap a GeneratorExit.
        await self._group.__aexit__(None, None, None)

    async def _stop_when_cancelled(self, work: asyncio.Task[None]) -> None:
        await self._cancelled.wait()
        work.cancel()


async def run_producer(
    producer: Producer, cancelled: CancelSignal
) -> AsyncGenerator[RunEvent, Answer | None]:
    """Run `producer` and yield what it puts; a question's `yield` takes its `Answer`.

    When `cancelled` is set the producer is cancelled at once, what it told till then is yielded,
    and `RunCancelled` ends the stream. What the producer raises is raised here.
    """
    async with _Beside(producer, cancelled) as line:
        while (item := await line.next()) is not None:
            if not isinstance(item, _Asking):
                yield item
                continue
            answer = yield InputRequired(questions=item.questions)
            if answer is None:
                message = "a question's yield was resumed without an answer"
                raise RuntimeError(message)
            if not item.answer.done():
                item.answer.set_result(answer)
    if line.failure is not None:
        raise line.failure
    if line.was_stopped:
        yield RunCancelled(reason=cancelled.reason or "target")


__all__ = ["Feed", "Producer", "run_producer"]
