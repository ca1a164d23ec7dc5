"""`agent-host quarantine`: what was set aside, on the folder of a host that is stopped."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar

from agent_host.cli.duration import read_duration
from agent_host.cli.operator_text import show_list, show_one
from agent_host.cli.restoration import Restoration, Restored
from agent_host.cli.source import load
from agent_host.errors import ConfigurationError
from agent_host.stores.disk import DiskStateStore
from agent_host.stores.disk_folder import DATABASE, SCHEME, folder_of_url
from agent_host.stores.disk_quarantine import QuarantinedRecord
from agent_host.system import SystemClock
from agent_host.types.json import JsonObject

T = TypeVar("T")

EXIT_REFUSED: Final = 1
_PAGE: Final = 200
_PURGED: Final = "purged"
_COLUMNS: Final = ("number", "collection", "position", "code", "version", "bytes", "since")

Work = Callable[[DiskStateStore], Awaitable[T]]


def execute(arguments: argparse.Namespace) -> int:
    """Do what `action` says: `list`, `show`, `restore` or `purge`. 1 if not all of it was done.

    Raises:
        ConfigurationError: the store is no folder, or a host has it open.
    """
    folder = _folder(arguments)
    if arguments.action == "list":
        found = _on(folder, _all)
        show_list([_as_json(one) for one in found], _COLUMNS, as_json=arguments.json, more=False)
        return 0
    if arguments.action == "show":
        return _show(folder, arguments.number)
    act = _restore if arguments.action == "restore" else _purge
    counts = _on(folder, lambda store: act(store, arguments))
    show_one({**counts}, as_json=arguments.json)
    return 0 if counts.keys() <= {Restored.PUT_BACK, _PURGED} else EXIT_REFUSED


def _show(folder: Path, number: int) -> int:
    found = _on(folder, lambda store: store.find_quarantined(number))
    if found is None:
        print(f"agent-host: nothing is set aside under {number}", file=sys.stderr)
        return EXIT_REFUSED
    sys.stdout.flush()
    sys.stdout.buffer.write(found.value)
    return 0


async def _restore(store: DiskStateStore, arguments: argparse.Namespace) -> dict[str, int]:
    restoration = Restoration(store, SystemClock())
    counts: dict[str, int] = {Restored.PUT_BACK: 0}
    for number in await _numbers(store, arguments):
        became = await restoration.put_back(number)
        counts[became] = counts.get(became, 0) + 1
    return counts


async def _purge(store: DiskStateStore, arguments: argparse.Namespace) -> dict[str, int]:
    counts = {_PURGED: 0}
    for number in await _numbers(store, arguments):
        became = _PURGED if await store.discard(number) else Restored.MISSING
        counts[became] = counts.get(became, 0) + 1
    return counts


async def _numbers(store: DiskStateStore, arguments: argparse.Namespace) -> Sequence[int]:
    if arguments.number is not None:
        return [arguments.number]
    older_than = getattr(arguments, "older_than", None)
    before = SystemClock().now() - (read_duration(older_than, flag="--older-than") or timedelta(0))
    return [one.number for one in await _all(store) if older_than is None or one.since <= before]


async def _all(store: DiskStateStore) -> list[QuarantinedRecord]:
    found: list[QuarantinedRecord] = []
    while page := await store.quarantined(after=found[-1].number if found else 0, limit=_PAGE):
        found += page
    return found


def _as_json(one: QuarantinedRecord) -> JsonObject:
    return {
        "number": one.number,
        "collection": one.key.collection,
        "position": one.position,
        "code": one.code,
        "version": one.version,
        "bytes": one.size_bytes,
        "since": one.since.isoformat(),
    }


def _folder(arguments: argparse.Namespace) -> Path:
    store = load(arguments).settings.store
    if not store.startswith(SCHEME):
        raise ConfigurationError("This host's store is no folder, so nothing is set aside in one.")
    folder = folder_of_url(store)
    if not (folder / DATABASE).is_file():
        raise ConfigurationError(f"There is no store in {folder}; name another with --store.")
    return folder


def _on(folder: Path, work: Work[T]) -> T:
    async def do() -> T:
        async with DiskStateStore(folder, lock_wait=timedelta(0)) as store:
            return await work(store)

    return asyncio.run(do())


__all__ = ["EXIT_REFUSED", "execute"]
