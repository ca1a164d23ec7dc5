"""Keeps an issuer's keys at hand: fetched beside the requests, and again when a new one shows up.

Requests wait for the issuer only when they show a key that is not known; all of them for the same
fetch, and not more often than every `ASK_AGAIN`, so that made-up key ids cannot turn callers
against the issuer.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, Self

from agent_host.errors import AuthenticationUnavailableError
from agent_host.jose.key_set import KeySet, SigningKey
from agent_host.protocols.clock import Clock
from agent_host.system import settled_within

REFRESH_EVERY: Final = timedelta(minutes=5)
ASK_AGAIN: Final = timedelta(seconds=10)
STALE_LIMIT: Final = timedelta(hours=1)
"""How long keys are trusted that the issuer did not confirm, as it cannot be reached."""

_logger = logging.getLogger(__name__)


class JwtKeySource:
    """The keys of one issuer while the context lasts.

    `fetch` asks the issuer and raises `AuthenticationUnavailableError`. `on_change` is told of
    every set that was fetched, and of an empty one when the last has become too old.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[KeySet]],
        *,
        clock: Clock,
        on_change: Callable[[KeySet], None],
    ) -> None:
        self._fetch_keys = fetch
        self._clock = clock
        self._on_change = on_change
        self._keys = KeySet()
        self._fetched_at = self._tried_at = float("-inf")
        self._wanted: asyncio.Future[bool]
        self._fetched: asyncio.Future[None] | None = None
        self._tasks: asyncio.TaskGroup
        self._following: asyncio.Task[None]

    async def find(self, kid: str | None, algorithm: str) -> SigningKey | None:
        """The issuer's key; None if it has no such key.

        Raises:
            AuthenticationUnavailableError: no keys are known.
        """
        found = self._keys.find(kid, algorithm)
        if found is None and self._may_ask():
            await self._ask()
            found = self._keys.find(kid, algorithm)
        if found is None and not self._keys:
            raise AuthenticationUnavailableError("no keys of the token issuer are known")
        return found

    async def __aenter__(self) -> Self:
        """Fetch the keys, and keep them fresh from now on. An issuer that is away now may come."""
        self._wanted = asyncio.get_running_loop().create_future()
        await self._fetch()
        self._tasks = asyncio.TaskGroup()
        await self._tasks.__aenter__()
        self._following = self._tasks.create_task(self._follow())
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Fetch no more."""
        self._following.cancel()
        await self._tasks.__aexit__(None, None, None)
        self._keys = KeySet()
        self._tell_waiting()

    def _may_ask(self) -> bool:
        since = self._clock.monotonic() - self._tried_at
        return self._fetched is not None or since >= ASK_AGAIN.total_seconds()

    async def _ask(self) -> None:
        if self._fetched is None:
            self._fetched = asyncio.get_running_loop().create_future()
            if not self._wanted.done():
                self._wanted.set_result(True)
        # Not the future itself, which a caller that leaves would cancel for all.
        await asyncio.wait({self._fetched})

    async def _follow(self) -> None:
        while True:
            pause = REFRESH_EVERY if self._fetched_at == self._tried_at else ASK_AGAIN
            await settled_within(self._wanted, pause.total_seconds(), clock=self._clock)
            self._wanted = asyncio.get_running_loop().create_future()
            await self._fetch()

    async def _fetch(self) -> None:
        started_at = self._tried_at = self._clock.monotonic()
        if self._fetched is None:
            self._fetched = asyncio.get_running_loop().create_future()
        try:
            keys = await self._fetch_keys()
        except AuthenticationUnavailableError as error:
            _logger.warning("%s", error)
        except Exception:
            _logger.exception("the keys of the token issuer could not be fetched")
        else:
            self._keys, self._fetched_at = keys, started_at
            self._on_change(keys)
        finally:
            self._tell_waiting()
        if self._keys and started_at - self._fetched_at > STALE_LIMIT.total_seconds():
            _logger.error("the keys of the token issuer are too old: no token is taken any more")
            self._keys = KeySet()
            self._on_change(self._keys)

    def _tell_waiting(self) -> None:
        if self._fetched is not None:
            self._fetched.set_result(None)
            self._fetched = None


__all__ = ["ASK_AGAIN", "REFRESH_EVERY", "STALE_LIMIT", "JwtKeySource"]
