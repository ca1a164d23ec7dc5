"""How the contract suites get a store to test.

A store's own repository subclasses `StateStoreSuite` and overrides its `factory` fixture. A store
that is installed beside the host is tested by the host's own contract run if it also offers its
factory in the entry point group `agent_host.testing.stores`, under its name in `agent_host.stores`.
"""

from pathlib import Path
from typing import Final, Protocol

from agent_host.protocols.clock import Clock
from agent_host.protocols.state_store import StateStore

FACTORY_GROUP: Final = "agent_host.testing.stores"


class StoreFactory(Protocol):
    """Makes a store that was not entered yet, telling time by `clock`.

    `folder` is empty at first and the store's own; a durable store made again over the same folder
    finds what the former one kept. A store that several processes share keeps different folders
    apart.
    """

    def __call__(self, clock: Clock, folder: Path) -> StateStore:
        """The store."""
        ...


__all__ = ["FACTORY_GROUP", "StoreFactory"]
