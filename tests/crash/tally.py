"""What a host has of all that happened, once nothing is left to do: told to the journal."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Final, Literal, TypeAlias, TypeVar

from agent_host import AgentHost
from agent_host.errors import NotFoundError, PushErrorClass
from agent_host.protocols.task_runner import TaskRunner
from agent_host.system import SystemClock
from agent_host.types import Caller, Delivery, DeliveryStatus, Page
from tests.crash.chat import SESSION
from tests.crash.journal import Journal

T = TypeVar("T")
Phase: TypeAlias = Literal["trial", "replayed"]

_OPEN: Final = (DeliveryStatus.SCHEDULED, DeliveryStatus.ATTEMPTING, DeliveryStatus.FAILED)
_PAUSE_SECONDS: Final = 0.05
_PAGE: Final = 100


class Tally:
    """Of a host that has started, and that nobody asks anything any more."""

    def __init__(self, host: AgentHost, runner: TaskRunner, journal: Journal) -> None:
        self._host = host
        self._runner = runner
        self._journal = journal

    async def until_quiet(self) -> None:
        """Return once no run, no task and no delivery has anything left to do."""
        clock = SystemClock()
        while await self._is_at_work():
            await clock.sleep(_PAUSE_SECONDS)

    async def tell_deliveries(self, phase: Phase) -> None:
        """Every delivery as it is now, and how often nobody knew whether it had arrived."""
        async for one in self._deliveries():
            channel, run = one.destination.channel, str(one.run_id)
            status, doubts = one.status.value, _doubts(one)
            self._journal.note("is", phase, one.id, run, channel, status, one.replays, doubts)

    async def tell_of(self, person: str, caller: Caller) -> None:
        """Every run of a person, and every message of their conversation."""
        runs = await self._host.context.runs(caller)
        async for run in _all(lambda cursor: runs.list(cursor=cursor, limit=_PAGE)):
            status = run.status.value
            self._journal.note("run", run.id, status, run.attempt, run.channel, person)
        sessions = await self._host.context.sessions(caller)
        before: int | None = None
        with suppress(NotFoundError):  # they never said anything
            while before != 0:
                history = await sessions.get(SESSION, limit=_PAGE, before=before)
                for message in history.messages:
                    self._journal.note("said", message.role, message.text)
                before = history.earlier

    async def _is_at_work(self) -> bool:
        counts = (await self._runner.summary()).values()
        if self._host.context.busy or any(one.waiting or one.attempting for one in counts):
            return True
        return any([one.status in _OPEN async for one in self._deliveries()])

    def _deliveries(self) -> AsyncIterator[Delivery]:
        return _all(lambda cursor: self._host.deliveries.list(cursor=cursor, limit=_PAGE))


async def _all(page_after: Callable[[str | None], Awaitable[Page[T]]]) -> AsyncIterator[T]:
    cursor: str | None = None
    while True:
        page = await page_after(cursor)
        for item in page.items:
            yield item
        cursor = page.next_cursor
        if cursor is None:
            return


def _doubts(delivery: Delivery) -> int:
    classes = [attempt.error_class for attempt in delivery.attempts]
    return classes.count(PushErrorClass.UNKNOWN_AFTER_SEND)


__all__ = ["Phase", "Tally"]
