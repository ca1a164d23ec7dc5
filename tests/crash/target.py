"""What is hosted: it says loudly what it was told, and notes when it begins and when it is done."""

from collections.abc import AsyncIterator

from agent_host.types import RunEvent, TargetCapabilities, TargetDescription, TextDelta, Turn
from tests.crash.death import Reaper
from tests.crash.journal import Journal


class ScriptedTarget:
    """Each life of the host has one, of its own number."""

    description = TargetDescription(name="scripted")

    def __init__(self, life: int, *, rerunnable: bool, reaper: Reaper, journal: Journal) -> None:
        self.capabilities = TargetCapabilities(streams=True, rerunnable=rerunnable)
        self._life = life
        self._reaper = reaper
        self._journal = journal

    async def run(self, turn: Turn) -> AsyncIterator[RunEvent]:
        """Two pieces, so that there is something in between."""
        self._journal.note("began", turn.run_id, turn.text, self._life)
        self._reaper.come("run", "before")
        kind, mark, number = turn.text.upper().partition("-")
        yield TextDelta(text=kind)
        yield TextDelta(text=f"{mark}{number}")
        self._journal.note("ended", turn.run_id, turn.text, self._life)
        self._reaper.come("run", "after")


__all__ = ["ScriptedTarget"]
