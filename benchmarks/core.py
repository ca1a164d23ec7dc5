"""Which core a process may use: servers on one, load on another, where the system can say so."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

SERVER_CORE: Final = 0
LOAD_CORE: Final = 1


def pin(core: int) -> None:
    """Keep this process on one of the cores it was given; with too few, they are shared."""
    if sys.platform == "linux":
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[core % len(cores)]})


@contextmanager
def pinned(core: int) -> Generator[None]:
    """The same for as long as this is open: what comes after it has all cores again."""
    if sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    pin(core)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def are_separate() -> bool:
    """Whether server and load have a core each."""
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1


__all__ = ["LOAD_CORE", "SERVER_CORE", "are_separate", "pin", "pinned"]
