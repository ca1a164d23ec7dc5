"""`ListTasks`: the caller's tasks, those that changed last first.

The host lists runs by when they began, the protocol by when they changed. So runs are read a
stretch at a time, as many as the config says, and put in order within it: what a page costs has a
limit, every task is on some page, and one that changed long after it began may come later than it
should. A page has tasks of one stretch, so it may be short, or empty, and not be the last.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from agent_host.errors import RequestError
from agent_host.protocols.host_context import HostContext, RunView
from agent_host.types import Caller, HostedResult, Run
from agent_host_a2a.config import A2AConfig
from agent_host_a2a.fault import invalid
from agent_host_a2a.inbound import ListParams
from agent_host_a2a.operation import TaskOperations
from agent_host_a2a.outbound import context_of, state_of
from agent_host_a2a.page_token import PageToken, Stretch
from agent_host_a2a.part import Fields

_READ_AT_ONCE: Final = 200
_LAST: Final = "~"
"""Sorts behind all that is in an id: what begins later stands before the place that it makes."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class _Found(NamedTuple):
    """The runs of a stretch, and where the next one begins, if there is one."""

    runs: list[Run]
    stretch: Stretch | None
    next_start: str | None


class TaskList:
    """Pages of the caller's tasks."""

    def __init__(
        self, context: HostContext, config: A2AConfig, *, operations: TaskOperations
    ) -> None:
        self._context = context
        self._limit = config.listed_tasks_limit
        self._operations = operations
        self._caller = Caller(channel=config.name, operation="list_tasks")

    async def page(self, params: ListParams) -> Fields:
        """A `ListTasksResponse`. `totalSize` is the number of tasks found as far as was read: all
        of them where one stretch holds them.
        """
        view = await self._context.runs(self._caller)
        token = params.behind or PageToken()
        found = await self._read(view, token)
        wanted = [run for run in found.runs if _is_wanted(run, params)]
        wanted.sort(key=_place, reverse=True)
        behind = wanted
        if token.stretch is not None:
            last = (token.changed, token.task_id)
            behind = [run for run in wanted if _place(run) < last]
        shown = behind[: params.page_size]
        total = token.counted + len(wanted)
        next_token: PageToken | str = ""
        if len(behind) > len(shown) and found.stretch is not None:
            changed, task_id = _place(shown[-1])
            next_token = PageToken(
                counted=token.counted, stretch=found.stretch, changed=changed, task_id=task_id
            )
        elif found.next_start is not None:
            next_token = PageToken(counted=total, start=found.next_start)
        return {
            "tasks": [await self._task(view, run, params) for run in shown],
            "nextPageToken": str(next_token),
            "pageSize": params.page_size,
            "totalSize": total,
        }

    async def _read(self, view: RunView, token: PageToken) -> _Found:
        """The stretch that a token leads to: the same once more, whatever began meanwhile, or the
        next.
        """
        known = token.stretch
        start = token.start if known is None else known.start
        runs: list[Run] = []
        cursor = start
        # Others of its first run's millisecond may have begun since: they are read over.
        limit = self._limit if known is None else 2 * self._limit
        while len(runs) < limit:
            try:
                page = await view.list(cursor=cursor, limit=min(_READ_AT_ONCE, limit - len(runs)))
            except RequestError:
                raise invalid("pageToken", "is none that this agent gave out") from None
            runs += page.items
            cursor = page.next_cursor
            if known is not None and (inside := _up_to(known, runs)) is not None:
                is_last = cursor is None and len(inside) == len(runs)
                return _Found(inside, known, None if is_last else known.end)
            if cursor is None:
                break
        if not runs:
            return _Found([], None, cursor)
        begin = runs[0].id + _LAST if start is None else start
        return _Found(runs, Stretch(start=begin, end=runs[-1].id), cursor)

    async def _task(self, view: RunView, run: Run, params: ListParams) -> Fields:
        hosted = await view.get(run.id) if params.with_artifacts else HostedResult(run=run)
        task = await self._operations.shown(
            view,
            hosted,
            history_length=params.history_length,
            with_artifacts=params.with_artifacts,
        )
        if params.with_artifacts:
            task.setdefault("artifacts", [])
        return task


def _is_wanted(run: Run, params: ListParams) -> bool:
    if params.context_id is not None and params.context_id not in (context_of(run), run.session_id):
        return False
    if params.changed_after is not None and run.updated_at < params.changed_after:
        return False
    return params.state is None or state_of(run) is params.state


def _place(run: Run) -> tuple[int, str]:
    return _micros(run.updated_at), run.id


def _up_to(stretch: Stretch, runs: Sequence[Run]) -> list[Run] | None:
    """The runs of the stretch, None if there are more. Its last one may have expired."""
    for index, run in enumerate(runs):
        if run.id == stretch.end:
            return [*runs[: index + 1]]
        if run.id < stretch.end:
            return [*runs[:index]]
    return None


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


__all__ = ["TaskList"]
