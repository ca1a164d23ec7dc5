"""What a stopped server left in its folder, in the form that a running one answers in."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from agent_host.asgi.admin_delivery_json import delivery_json
from agent_host.asgi.admin_json import report_json, run_json, task_json
from agent_host.cli.operator_client import OperatorRefusedError
from agent_host.delivery.record import DeliveryRecords
from agent_host.delivery.stored_delivery import StoredDeliveries
from agent_host.errors import NotFoundError
from agent_host.host.stored_run import StoredRuns
from agent_host.runner.store_task_runner import StoreTaskRunner
from agent_host.stores.disk_view import DiskStateView
from agent_host.types.delivery import DeliveryStatus
from agent_host.types.delivery_policy import DeliveryPolicy
from agent_host.types.identifier import TaskId
from agent_host.types.json import JsonObject
from agent_host.types.run import RunStatus

T = TypeVar("T")


class StoredState:
    """Reads one folder, without its lock, and changes nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def runs(self, *, status: str | None, cursor: str | None, limit: int) -> JsonObject:
        """A page, newest first."""

        async def page(view: DiskStateView) -> JsonObject:
            wanted = None if status is None else RunStatus(status)
            found = await StoredRuns(view).list(status=wanted, cursor=cursor, limit=limit)
            runs = [run_json(run) for run in found.items]
            return {"runs": [*runs], "next_cursor": found.next_cursor}

        return self._look(page)

    def run(self, run_id: str) -> JsonObject:
        """One run."""

        async def show(view: DiskStateView) -> JsonObject:
            return report_json(await StoredRuns(view).show(run_id))

        return self._look(show)

    def dead_letters(self, *, kind: str | None, after: str | None, limit: int) -> JsonObject:
        """A page, those first that were first."""

        async def page(view: DiskStateView) -> JsonObject:
            runner = StoreTaskRunner(view)
            found = await runner.dead_letters(kind=kind, after=after, limit=limit)
            tasks = [task_json(task) for task in found.items]
            return {"tasks": [*tasks], "next_cursor": found.next_cursor}

        return self._look(page)

    def task(self, task_id: str) -> JsonObject:
        """One task."""

        async def show(view: DiskStateView) -> JsonObject:
            task = await StoreTaskRunner(view).get(TaskId(task_id))
            if task is None:
                raise NotFoundError("task")
            return task_json(task)

        return self._look(show)

    def deliveries(
        self, *, status: str | None, run_id: str | None, cursor: str | None, limit: int
    ) -> JsonObject:
        """A page, newest first; of one run, oldest first."""

        async def page(view: DiskStateView) -> JsonObject:
            wanted = None if status is None else DeliveryStatus(status)
            found = await _deliveries(view).list(
                status=wanted, run_id=run_id, cursor=cursor, limit=limit
            )
            shown = [delivery_json(delivery) for delivery in found.items]
            return {"deliveries": [*shown], "next_cursor": found.next_cursor}

        return self._look(page)

    def delivery(self, delivery_id: str) -> JsonObject:
        """One delivery."""

        async def show(view: DiskStateView) -> JsonObject:
            return delivery_json(await _deliveries(view).show(delivery_id))

        return self._look(show)

    def _look(self, work: Callable[[DiskStateView], Awaitable[T]]) -> T:
        async def look() -> T:
            async with DiskStateView(self._folder) as view:
                return await work(view)

        try:
            return asyncio.run(look())
        except NotFoundError as error:
            raise OperatorRefusedError(str(error)) from None


def _deliveries(view: DiskStateView) -> StoredDeliveries:
    return StoredDeliveries(DeliveryRecords(view, DeliveryPolicy()))


__all__ = ["StoredState"]
