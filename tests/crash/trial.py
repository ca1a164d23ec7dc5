"""Kills a served host again and again over one folder, while platforms send events; then counts."""

import asyncio
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import count, cycle
from pathlib import Path
from random import Random
from typing import Final

import httpx

from agent_host.authentication.operator_file import OperatorFile
from agent_host.errors import ConfigurationError
from agent_host.system import SystemClock
from tests.crash.chat import CHAT, MAIL
from tests.crash.child import PEOPLE, Life, introduce, serve, settle
from tests.crash.death import OUTSIDE, Death
from tests.crash.forked import ForkedProcess
from tests.crash.journal import Journal
from tests.crash.platform import WEBHOOK, serve_platform
from tests.crash.sender import Sender, SentEvent
from tests.crash.verdict import OTHER, Verdict, judge

_EVENTS: Final = (
    (CHAT, "flaky"),
    (MAIL, "dropped"),
    (CHAT, "refused"),
    (MAIL, "plain"),
    (WEBHOOK, "plain"),
)
"""What is sent in each life: by it every step is come to."""

_LIFE_SECONDS: Final = 60.0
_SETTLE_SECONDS: Final = 600.0
_PAUSE_SECONDS: Final = 0.03
_OUTSIDE_SECONDS: Final = 0.8


class CrashTrial:
    """One folder, one host, one policy of its target. `tell` is told of each death."""

    def __init__(
        self,
        folder: Path,
        *,
        rerunnable: bool,
        random: Random,
        tell: Callable[[Death], None],
    ) -> None:
        self._folder = folder
        self._rerunnable = rerunnable
        self._random = random
        self._tell = tell
        self._clock = SystemClock()
        self._journal = Journal(folder / "journal")
        self._sender = Sender(self._journal, random)
        self._events = count(1)
        self._people = cycle(PEOPLE)
        self._platform = ""
        self._lives = 0
        self._faults: list[str] = []
        self._kills: Counter[str] = Counter()

    async def run(self, deaths: Iterable[Death]) -> Verdict:
        """Die all of them, let the host come to an end with everything, and count."""
        with ForkedProcess.running(serve_platform, self._folder) as platform:
            self._platform = await platform.word() or ""
            await self._until_over(introduce, self._life())
            async with httpx.AsyncClient() as client, asyncio.TaskGroup() as group:
                sent: list[asyncio.Task[None]] = []
                for death in deaths:
                    sent += [group.create_task(self._sender.send(client, e)) for e in self._said()]
                    await self._live(client, death)
                await self._live_on(sent)
            await self._until_over(settle, self._life(), "trial")
            await self._mend(is_mended=True)
            await self._until_over(settle, self._life(), "replayed")
        verdict = judge(self._journal.read(), rerunnable=self._rerunnable)
        facts = {f"killed at {step}": number for step, number in sorted(self._kills.items())}
        facts["killed"] = self._kills.total()
        facts["requests of platforms, until each had its 2xx"] = self._sender.tries
        return Verdict(
            faults={**verdict.faults, OTHER: [*verdict.faults[OTHER], *self._faults]},
            facts={**facts, **verdict.facts},
        )

    def _life(self, death: Death | None = None) -> Life:
        self._lives += 1
        return Life(
            number=self._lives,
            folder=self._folder,
            platform=self._platform,
            rerunnable=self._rerunnable,
            death=death,
        )

    def _said(self) -> Sequence[SentEvent]:
        return [
            SentEvent(
                channel=channel, person=next(self._people), text=f"{kind}-{next(self._events)}"
            )
            for channel, kind in _EVENTS
        ]

    async def _live(self, client: httpx.AsyncClient, death: Death) -> None:
        """One life, which is to end as it should."""
        with ForkedProcess.running(serve, self._life(death)) as process:
            work = asyncio.ensure_future(self._provoke(client, process, death))
            code = await process.ended(_LIFE_SECONDS)
            self._sender.url = None
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work
        if code == -signal.SIGKILL:
            self._kills[death.step] += 1
        else:
            self._faults.append(f"life {self._lives}, to be killed {death}, ended with {code}")
        if death.step == "replay":
            await self._mend(is_mended=False)
        self._tell(death)

    async def _provoke(
        self, client: httpx.AsyncClient, process: ForkedProcess, death: Death
    ) -> None:
        """Have events sent, and what else leads to this death done, for as long as it lives."""
        self._sender.url = await process.word()
        if death.step == OUTSIDE:
            await self._clock.sleep(self._random.random() * _OUTSIDE_SECONDS)
            process.kill()
        if death.step == "replay":
            await self._mend(is_mended=True)
            while True:
                await self._replay_all(client)
                await self._clock.sleep(_PAUSE_SECONDS)

    async def _replay_all(self, client: httpx.AsyncClient) -> None:
        """As `agent-host deliveries replay --all` does."""
        with suppress(httpx.HTTPError, ConfigurationError):
            found = OperatorFile(self._folder / "state").read()
            if found is not None:
                url = f"{found.url}/admin/deliveries/replay"
                await client.post(url, headers={"authorization": f"Bearer {found.token}"})

    async def _live_on(self, sent: Sequence[asyncio.Task[None]]) -> None:
        """A life that ends in order, once every event is acknowledged."""
        with ForkedProcess.running(serve, self._life()) as process:
            self._sender.url = await process.word()
            _, left = await asyncio.wait(sent, timeout=_LIFE_SECONDS)
            for task in left:
                task.cancel()
            process.terminate()
            code = await process.ended(_LIFE_SECONDS)
        self._sender.url = None
        if code != 0 or left:
            self._faults.append(f"the last life ended with {code}, {len(left)} events were left")

    async def _until_over(self, main: Callable[..., None], *arguments: object) -> None:
        with ForkedProcess.running(main, *arguments) as process:
            code = await process.ended(_SETTLE_SECONDS)
        if code != 0:
            self._faults.append(f"{main.__name__} ended with {code}")

    async def _mend(self, *, is_mended: bool) -> None:
        """Whether the platforms take from now on what they refused."""
        async with httpx.AsyncClient() as client:
            await client.put(f"{self._platform}/{'mended' if is_mended else 'broken'}")


__all__ = ["CrashTrial"]
