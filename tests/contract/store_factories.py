"""Factories for the contract suites: one for each store we ship, others through entry points."""

from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Final, cast

from agent_host.protocols.clock import Clock
from agent_host.protocols.state_store import StateStore
from agent_host.stores.disk import DiskStateStore
from agent_host.stores.memory import MemoryStateStore
from agent_host.testing.store_factory import FACTORY_GROUP, StoreFactory

STORE_GROUP: Final = "agent_host.stores"


def make_memory_store(clock: Clock, folder: Path) -> StateStore:
    assert folder.is_dir()
    return MemoryStateStore(clock=clock)


def make_disk_store(clock: Clock, folder: Path) -> StateStore:
    return DiskStateStore(folder, clock=clock)


SHIPPED: Final[Mapping[str, StoreFactory]] = MappingProxyType(
    {"disk": make_disk_store, "memory": make_memory_store}
)


def store_names() -> list[str]:
    """Every store that is installed, ours or not."""
    return sorted(entry_points(group=STORE_GROUP).names)


def store_factory(name: str) -> StoreFactory:
    """The factory of an installed store. A store nobody can make is a failure, not a skip."""
    if name in SHIPPED:
        return SHIPPED[name]
    (offered,) = entry_points(group=FACTORY_GROUP, name=name)
    return cast("StoreFactory", offered.load())


__all__ = ["make_disk_store", "make_memory_store", "store_factory", "store_names"]
