"""Targets of the servers that are killed: each notes its attempts in a file beside the state."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

from agent_host.adapters.function import target
from agent_host.types import Turn

NOTES = "TEST_OF_RESTART_NOTES"
GATE = "TEST_OF_RESTART_GATE"
_PAUSE = 0.01


def note(turn: Turn) -> None:
    with Path(os.environ[NOTES]).open("a", encoding="utf-8") as file:
        file.write(f"{turn.text} {turn.attempt}\n")


async def gate() -> None:
    while not Path(os.environ[GATE]).exists():  # noqa: ASYNC240 - a test's signal between processes
        await asyncio.sleep(_PAUSE)


@target(rerunnable=True)
async def rerunnable(turn: Turn) -> AsyncIterator[str]:
    """Says a word, waits until it may end, and says another."""
    note(turn)
    yield f"{turn.text} "
    await gate()
    yield "done"


async def once(turn: Turn) -> AsyncIterator[str]:
    """The same, and must not be run again."""
    note(turn)
    yield f"{turn.text} "
    await gate()
    yield "done"
