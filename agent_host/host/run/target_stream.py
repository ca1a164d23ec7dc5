"""A target's iterator, held to the contract of `Target.run`."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator
from typing import get_args

from agent_host.errors import TargetError
from agent_host.types.event import InputReceived, RunEvent, RunStarted
from agent_host.types.question import Answer

logger = logging.getLogger(__name__)

YIELDABLE = frozenset(get_args(RunEvent)) - {RunStarted, InputReceived}


class TargetStream:
    """Gives the target's events one by one and takes answers to it."""

    __slots__ = ("_generator", "_iterator", "is_over")

    def __init__(self, iterator: AsyncIterator[RunEvent]) -> None:
        if not hasattr(iterator, "__anext__"):
            name = type(iterator).__name__
            raise _broken(f"run() gave {name}, which is no asynchronous iterator")
        self.is_over = False
        """Whether it has ended by itself, so that there is nothing to close."""
        self._iterator = iterator
        self._generator: AsyncGenerator[RunEvent, Answer | None] | None = (
            iterator if isinstance(iterator, AsyncGenerator) else None
        )

    async def next(self, reply: Answer | None) -> RunEvent | None:
        """The next event, None at the end; `reply` is the value of the generator's `yield`.

        Raises:
            TargetError: it yielded what is no event, or one that only the engine may make.
        """
        try:
            if reply is not None and self._generator is not None:
                event = await self._generator.asend(reply)
            else:
                event = await self._iterator.__anext__()
        except StopAsyncIteration:
            self.is_over = True
            return None
        if type(event) not in YIELDABLE:
            raise _broken(f"it yielded {type(event).__name__}, which is no event of a target")
        return event

    async def close(self) -> None:
        """Let the target clean up. What it raises meanwhile is logged by type."""
        if self._generator is None:
            return
        try:
            await self._generator.aclose()
        except Exception as error:  # noqa: BLE001 - its run is over; nothing may undo that
            logger.warning("a target raised %s while it was closed", type(error).__name__)


def _broken(detail: str) -> TargetError:
    logger.error("the target broke its contract: %s", detail)
    message = "The agent gave an answer that cannot be sent."
    return TargetError(message, code="target_protocol")


__all__ = ["TargetStream"]
