"""Tells executions that they are not over soon: one timer for all of them, since most are."""

import asyncio
from datetime import timedelta
from typing import Final, Protocol

STORE_AFTER: Final = timedelta(milliseconds=20)
"""A run that goes on for this long, or half of it, is stored while it goes on."""

_TICK_SECONDS: Final = STORE_AFTER.total_seconds() / 2


class Impatient(Protocol):
    """An execution, as it is seen from here."""

    def prove_slow(self) -> None:
        """It has been told to go on for a while; nothing to do if it is over since."""
        ...


class Patience:
    """Calls `prove_slow` one to two ticks after `watch`. Used from one event loop."""

    __slots__ = ("_older", "_recent", "_ticks")

    def __init__(self) -> None:
        self._recent: list[Impatient] = []
        self._older: list[Impatient] = []
        self._ticks = False

    def watch(self, execution: Impatient) -> None:
        """It begins now."""
        self._recent.append(execution)
        if not self._ticks:
            self._ticks = True
            asyncio.get_running_loop().call_later(_TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        slow, self._older, self._recent = self._older, self._recent, []
        self._ticks = bool(self._older)
        if self._ticks:
            asyncio.get_running_loop().call_later(_TICK_SECONDS, self._tick)
        for execution in slow:
            execution.prove_slow()


__all__ = ["STORE_AFTER", "Impatient", "Patience"]
