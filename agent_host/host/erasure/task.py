"""The tasks of a person: those whose payload names them as whose it is."""

from collections.abc import AsyncIterator, Collection
from typing import Final, cast

import orjson

from agent_host.protocols.task_runner import TaskRunner
from agent_host.types.principal import Owner
from agent_host.types.task import Task

_PAGE: Final = 200


async def tasks_of(runner: TaskRunner, owners: Collection[Owner]) -> AsyncIterator[Task]:
    """Whatever their state. Every task that is kept is looked at: there is no list by person, as
    every turn would pay for it.
    """
    wanted = frozenset(owners)
    after: str | None = None
    while True:
        page = await runner.kept(after=after, limit=_PAGE)
        for task in page.items:
            if names_one(task.spec.payload, wanted):
                yield task
        if page.next_cursor is None:
            return
        after = page.next_cursor


def names_one(payload: bytes, owners: Collection[Owner]) -> bool:
    """Whether a payload has one of these as an owner, at any depth. What is no JSON has none."""
    if b'"isolation_key"' not in payload:
        return False
    try:
        level: list[object] = [orjson.loads(payload)]
    except ValueError:
        return False
    while level:
        found = level.pop()
        if isinstance(found, dict):
            fields = cast("dict[str, object]", found)
            named = (fields.get("tenant"), fields.get("isolation_key"))
            if any((one.tenant, one.isolation_key) == named for one in owners):
                return True
            level += fields.values()
        elif isinstance(found, list):
            level += cast("list[object]", found)
    return False


__all__ = ["names_one", "tasks_of"]
