"""`/admin/tasks`: durable tasks and dead letters, for callers with the scope `admin` only.

What is shown of a task stands in `admin_json.py`. Every change is in the log, see `audit.py`.
"""

from collections.abc import Set as AbstractSet
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent_host.asgi.admin_error import TaskStateError
from agent_host.asgi.admin_json import counts_json, task_json
from agent_host.asgi.admin_query import AdminQuery, task_id_of
from agent_host.asgi.admin_run import BODY_LIMIT_BYTES, NO_STORE
from agent_host.asgi.audit import audited
from agent_host.errors import NotFoundError
from agent_host.protocols.channel import ChannelRoute, RouteAccess
from agent_host.protocols.task_runner import TaskRunner
from agent_host.types.identifier import TaskId
from agent_host.types.task import Task, TaskStatus


class AdminTasks:
    """Count, list, show, replay, purge, cancel.

    `kinds_of_runs` are kinds whose tasks carry out a run: without its task a run would wait for
    ever, so these are not cancelled here.
    """

    def __init__(self, runner: TaskRunner, *, kinds_of_runs: AbstractSet[str]) -> None:
        self._runner = runner
        self._kinds_of_runs = kinds_of_runs

    def routes(self) -> tuple[ChannelRoute, ...]:
        """To be guarded and mounted like a channel's. No task's id is `dead`."""
        return tuple(
            ChannelRoute(
                route=Route(f"/admin/tasks{path}", endpoint, methods=[method]),
                access=RouteAccess.ADMIN,
                body_limit_bytes=BODY_LIMIT_BYTES,
            )
            for method, path, endpoint in (
                ("GET", "", self.count),
                ("GET", "/dead", self.list_dead),
                ("POST", "/dead/replay", self.replay_all),
                ("POST", "/dead/purge", self.purge_all),
                ("GET", "/{id}", self.show),
                ("DELETE", "/{id}", self.purge),
                ("POST", "/{id}/replay", self.replay),
                ("POST", "/{id}/cancel", self.cancel),
            )
        )

    async def count(self, request: Request) -> Response:
        """Counts by kind."""
        AdminQuery(request)
        counts = counts_json(await self._runner.summary())
        return JSONResponse({"kinds": counts}, headers=NO_STORE)

    async def list_dead(self, request: Request) -> Response:
        """`?kind=&after=&limit=`: a page of dead letters, those first that were first."""
        query = AdminQuery(request, "kind", "after", "limit")
        page = await self._runner.dead_letters(
            kind=query.kind(), after=query.cursor("after"), limit=query.limit()
        )
        tasks = [task_json(task) for task in page.items]
        return JSONResponse({"tasks": tasks, "next_cursor": page.next_cursor}, headers=NO_STORE)

    async def replay_all(self, request: Request) -> Response:
        """`?kind=`: replay those that there are now; how many.

        They are done before the answer comes, whether or not the client waits for it.
        """
        query = AdminQuery(request, "kind")
        kind = query.kind()
        work = self._runner.replay_all(kind=kind)
        count = await audited(work, action="task.replay_all", subject=f"kind={kind!r}")
        return JSONResponse({"replayed": count}, headers=NO_STORE)

    async def purge_all(self, request: Request) -> Response:
        """`?kind=&older_than_seconds=`: forget them; how many."""
        query = AdminQuery(request, "kind", "older_than_seconds")
        kind, age = query.kind(), query.age()
        work = self._runner.purge_all(kind=kind, older_than=age)
        subject = f"kind={kind!r} older_than_seconds={age.total_seconds():.0f}"
        count = await audited(work, action="task.purge_all", subject=subject)
        return JSONResponse({"purged": count}, headers=NO_STORE)

    async def show(self, request: Request) -> Response:
        """One task, dead or not."""
        AdminQuery(request)
        task = await self._find(task_id_of(request))
        return JSONResponse(task_json(task), headers=NO_STORE)

    async def replay(self, request: Request) -> Response:
        """Schedule a dead letter again; the task as it is then."""
        AdminQuery(request)
        task_id = task_id_of(request)
        task = await audited(self._replay(task_id), action="task.replay", subject=task_id)
        return JSONResponse(task_json(task), headers=NO_STORE)

    async def purge(self, request: Request) -> Response:
        """Forget a dead letter."""
        AdminQuery(request)
        task_id = task_id_of(request)
        await audited(self._purge(task_id), action="task.purge", subject=task_id)
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=NO_STORE)

    async def cancel(self, request: Request) -> Response:
        """Stop a task from being attempted (again); the task as it is then."""
        AdminQuery(request)
        task_id = task_id_of(request)
        task = await audited(self._cancel(task_id), action="task.cancel", subject=task_id)
        return JSONResponse(task_json(task), headers=NO_STORE)

    async def _find(self, task_id: TaskId) -> Task:
        task = await self._runner.get(task_id)
        if task is None:
            raise NotFoundError("task")
        return task

    async def _replay(self, task_id: TaskId) -> Task:
        _check_dead(await self._find(task_id))
        if not await self._runner.replay(task_id):
            raise _not_dead()  # another was faster
        return await self._find(task_id)

    async def _purge(self, task_id: TaskId) -> None:
        _check_dead(await self._find(task_id))
        if not await self._runner.purge(task_id):
            raise _not_dead()

    async def _cancel(self, task_id: TaskId) -> Task:
        task = await self._find(task_id)
        if task.spec.kind in self._kinds_of_runs:
            raise TaskStateError("This task carries out a run. Cancel the run instead.")
        if not await self._runner.cancel(task_id):
            raise TaskStateError("The task is over: there is nothing to cancel.")
        return await self._find(task_id)


def _check_dead(task: Task) -> None:
    if task.status is not TaskStatus.DEAD:
        raise _not_dead()


def _not_dead() -> TaskStateError:
    return TaskStateError("The task is no dead letter.")


__all__ = ["AdminTasks"]
