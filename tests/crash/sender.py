"""Sends events as platforms do: each with an id, again and again until it is told 2xx."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final

import httpx
from standardwebhooks.webhooks import Webhook

from agent_host.system import SystemClock
from tests.crash.chat import SESSION, TOKEN
from tests.crash.child import HOOK
from tests.crash.journal import Journal
from tests.crash.platform import SECRET, WEBHOOK

_PAUSE_SECONDS: Final = 0.02
_TIME_LIMIT_SECONDS: Final = 10.0
_AGAIN: Final = 0.25
"""How many are sent once more although they were acknowledged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentEvent:
    """What somebody says on a platform. The text tells it from all others."""

    channel: str
    person: str
    text: str


class Sender:
    """`url` is where the host listens now; None while it is dead."""

    def __init__(self, journal: Journal, random: Random) -> None:
        self.url: str | None = None
        self.tries = 0
        self._journal = journal
        self._random = random
        self._clock = SystemClock()

    async def send(self, client: httpx.AsyncClient, event: SentEvent) -> None:
        """Return once it is acknowledged, over as many lives of the host as that takes."""
        times = 2 if self._random.random() < _AGAIN else 1
        for _ in range(times):
            while not await self._try(client, event):
                await self._clock.sleep(_PAUSE_SECONDS)
            self._journal.note("acknowledged", event.channel, event.person, event.text)

    async def _try(self, client: httpx.AsyncClient, event: SentEvent) -> bool:
        if self.url is None:
            return False
        self.tries += 1
        path, body, headers = _form(event)
        try:
            async with asyncio.timeout(_TIME_LIMIT_SECONDS):
                answer = await client.post(f"{self.url}{path}", content=body, headers=headers)
        except (httpx.HTTPError, TimeoutError):
            return False
        return answer.is_success


def _form(event: SentEvent) -> tuple[str, str, Mapping[str, str]]:
    if event.channel == WEBHOOK:
        data = {"text": event.text, "from": event.person, "thread": SESSION}
        body = json.dumps({"type": "said", "data": data})
        return f"/webhooks/{HOOK}", body, _signed(event.text, body)
    body = json.dumps({"id": event.text, "from": event.person, "text": event.text})
    return f"/{event.channel}/events", body, {"x-platform-token": TOKEN}


def _signed(event_id: str, body: str) -> Mapping[str, str]:
    now = datetime.now(UTC)
    return {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(event_id, now, body),
    }


__all__ = ["Sender", "SentEvent"]
