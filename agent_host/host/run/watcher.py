"""Who looks after executions: the engine, as each of them sees it."""

import asyncio
from typing import Protocol, TypeVar

ExecutionT_contra = TypeVar("ExecutionT_contra", contravariant=True)


class ExecutionWatcher(Protocol[ExecutionT_contra]):
    """Who acts where an execution cannot act for itself."""

    def on_driving(self, execution: ExecutionT_contra) -> None:
        """The target runs: call `prove_slow` in a while."""
        ...

    def on_slow(self, execution: ExecutionT_contra) -> asyncio.Task[None]:
        """The run is not over soon: have it stored, by the task that is returned."""
        ...

    def on_waiting(self, execution: ExecutionT_contra) -> None:
        """A generator stands at its question."""
        ...

    def on_done(self, execution: ExecutionT_contra) -> None:
        """Nothing of the execution is left."""
        ...

    def on_abandoned(self, execution: ExecutionT_contra) -> None:
        """The target ignores its cancellation: end the run without it."""
        ...

    def on_returned(self, task: asyncio.Task[None] | None) -> None:
        """The task that executed a run is over."""
        ...


__all__ = ["ExecutionWatcher"]
