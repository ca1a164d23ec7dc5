"""The seam between the engine and what watches it. Without a watcher there is none: it is None."""

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from agent_host.types.run import Run


class RunObserver(Protocol):
    """Is told of every run of this process, on the loop; it returns at once and raises nothing."""

    def created(self, run: Run) -> None:
        """The run was accepted: it is queued, or runs already."""
        ...

    def changed(self, before: Run, after: Run) -> None:
        """The run moved on, and that is stored."""
        ...

    def executing(
        self, current: Callable[[], Run], work: Coroutine[Any, Any, None]
    ) -> Coroutine[Any, Any, None]:
        """What to await in place of `work`, which executes the run that `current` gives."""
        ...


__all__ = ["RunObserver"]
