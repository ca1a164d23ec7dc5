"""`ListTasks`: the caller's tasks, those that changed last first."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from agent_host.protocols.host_context import HostContext, RunView
from agent_host.types import Caller, HostedResult, Run
from agent_host_a2a.config import A2AConfig
from agent_host_a2a.inbound import ListParams, PageToken
from agent_host_a2a.operation import TaskOperations
from agent_host_a2a.outbound import context_of, state_of
from agent_host_a2a.part import Fields

_READ_AT_ONCE: Final = 200
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class TaskList:
    """Looks at the newest runs of the caller, as many as the config allows: the host lists runs by
    when they began, the protocol by when they changed.
    """

    def __init__(
        self, context: HostContext, config: A2AConfig, *, operations: TaskOperations
    ) -> None:
        self._context = context
        self._limit = config.listed_tasks_limit
        self._operations = operations
        self._caller = Caller(channel=config.name, operation="list_tasks")

    async def page(self, params: ListParams) -> Fields:
        """A `ListTasksResponse`."""
        view = await self._context.runs(self._caller)
        found = [run for run in await self._runs(view) if _is_wanted(run, params)]
        found.sort(key=_place, reverse=True)
        behind = found
        if params.behind is not None:
            last = (params.behind.changed, params.behind.task_id)
            behind = [run for run in found if _place(run) < last]
        shown = behind[: params.page_size]
        token = _token(shown[-1]) if len(behind) > len(shown) else ""
        return {
            "tasks": [await self._task(view, run, params) for run in shown],
            "nextPageToken": token,
            "pageSize": params.page_size,
            "totalSize": len(found),
        }

    async def _runs(self, view: RunView) -> Sequence[Run]:
        runs: list[Run] = []
        cursor: str | None = None
        while len(runs) < self._limit:
            limit = min(_READ_AT_ONCE, self._limit - len(runs))
            page = await view.list(cursor=cursor, limit=limit)
            runs += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        return runs

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
    return (run.updated_at - _EPOCH) // _MICROSECOND, run.id


def _token(run: Run) -> str:
    changed, task_id = _place(run)
    return str(PageToken(changed=changed, task_id=task_id))


__all__ = ["TaskList"]
