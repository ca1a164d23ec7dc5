"""An agent that takes its time, and may be run again if its process dies on the way.

Run it with `agent-host run examples/patient.py:agent`. The README kills it in the middle of a run.
"""

import asyncio
from collections.abc import AsyncIterator

from agent_host.adapters.function import target


@target(name="patient", rerunnable=True)
async def agent(text: str) -> AsyncIterator[str]:
    """Counts to five, a second each, and says what it was told."""
    for number in range(1, 6):
        yield f"{number} "
        await asyncio.sleep(1)
    yield text
