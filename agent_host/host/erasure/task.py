"""The tasks of a person: those whose payload names them as whose it is."""

from collections.abc import AsyncIterator, Collection
from typing import Final, cast

import orjson

from agent_host.protocols.task_runner import TaskRunner
from agent_host.types.principal import ChannelIdentity, Owner
from agent_host.types.task import Task

_PAGE: Final = 200


async def tasks_of(
    runner: TaskRunner, owners: Collection[Owner], identities: Collection[ChannelIdentity] = ()
) -> AsyncIterator[Task]:
    """Whatever their state: those of the owners, and events that came from one of the identities.
    Every task that is kept is looked at: there is no list by person, as every turn would pay for
    it.
    """
    wanted = frozenset(owners)
    seen = frozenset(identities)
    after: str | None = None
    while True:
        page = await runner.kept(after=after, limit=_PAGE)
        for task in page.items:
            if names_one(task.spec.payload, wanted, seen):
                yield task
        if page.next_cursor is None:
            return
        after = page.next_cursor


def names_one(
    payload: bytes, owners: Collection[Owner], identities: Collection[ChannelIdentity] = ()
) -> bool:
    """Whether a payload has one of these as an owner, or as who sent it, at any depth. What is no
    JSON has none.
    """
    if b'"isolation_key"' not in payload and b'"native_id"' not in payload:
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
            if "native_id" in fields and any(_is(one, fields) for one in identities):
                return True
            level += fields.values()
        elif isinstance(found, list):
            level += cast("list[object]", found)
    return False


def _is(identity: ChannelIdentity, fields: dict[str, object]) -> bool:
    return (identity.tenant, identity.channel, identity.account, identity.native_id) == (
        fields.get("tenant"),
        fields.get("channel"),
        fields.get("account"),
        fields.get("native_id"),
    )


__all__ = ["names_one", "tasks_of"]
