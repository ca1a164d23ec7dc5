"""Keeps exchanged tokens at hand until shortly before they expire. In memory only.

A token is found again by whoever shows the same caller's token for the same scopes, and by nobody
else: another token of the same person may have been given less.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from hashlib import sha256
from typing import Final, NamedTuple

from agent_host.errors import ExchangeUnavailableError, NoCallerTokenError
from agent_host.protocols.clock import Clock
from agent_host.protocols.on_behalf_of import TokenExchanger
from agent_host.system import SystemClock
from agent_host.types.on_behalf_of import CallerToken, DownstreamToken, GrantedToken
from agent_host.types.principal import subject_id

TOKENS_LIMIT: Final = 1024
EXPIRY_MARGIN: Final = timedelta(minutes=1)
_TIME_LIMIT_SECONDS: Final = 30.0


class _Asking(NamedTuple):
    """One exchange that goes on, and who does it."""

    future: asyncio.Future[GrantedToken]
    task: asyncio.Task[None]


class TokenBroker:
    """The `OnBehalfOf` of one authorization server. Holds the `tokens_limit` tokens used last.

    Who asks for what is being asked for waits for the same answer.
    """

    def __init__(
        self,
        exchanger: TokenExchanger,
        *,
        clock: Clock | None = None,
        tokens_limit: int = TOKENS_LIMIT,
    ) -> None:
        self._exchanger = exchanger
        self._clock = clock or SystemClock()
        self._tokens_limit = tokens_limit
        self._granted: OrderedDict[bytes, GrantedToken] = OrderedDict()
        self._asking: dict[bytes, _Asking] = {}
        self._tasks: asyncio.TaskGroup | None = None

    @property
    def kept(self) -> int:
        """How many tokens are at hand."""
        return len(self._granted)

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """Open the exchanger; forget everything at the end."""
        async with self._exchanger.lifespan(), asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            try:
                yield
            finally:
                self._tasks = None
                self._granted.clear()
                for asking in self._asking.values():
                    asking.task.cancel()

    def access(self, token: CallerToken | None) -> "BrokeredAccess":
        """For a turn that came with this token."""
        return BrokeredAccess(self, token)

    async def find(self, token: CallerToken | None, scopes: tuple[str, ...]) -> GrantedToken:
        """A token that is good for a while yet.

        Raises:
            OnBehalfOfError: see `DownstreamAccess.token`.
        """
        if token is None or not self._takes(token):
            raise NoCallerTokenError
        key = _key(token, scopes)
        kept = self._granted.get(key)
        if kept is not None and self._clock.now() < kept.expires_at - EXPIRY_MARGIN:
            self._granted.move_to_end(key)
            return kept
        return await self._ask(key, token, scopes)

    def drop(self, token: CallerToken, scopes: tuple[str, ...], refused: str) -> None:
        """A service refused this token: it is not given out again. One that came since stays."""
        key = _key(token, scopes)
        kept = self._granted.get(key)
        if kept is not None and kept.value == refused:
            del self._granted[key]

    def _takes(self, token: CallerToken) -> bool:
        principal = token.principal
        return principal.kind == "token" and any(
            principal.id.startswith(subject_id(issuer, "")) for issuer in self._exchanger.issuers
        )

    async def _ask(self, key: bytes, token: CallerToken, scopes: tuple[str, ...]) -> GrantedToken:
        asking = self._asking.get(key)
        if asking is None:
            if self._tasks is None:
                raise ExchangeUnavailableError
            future = asyncio.get_running_loop().create_future()
            task = self._tasks.create_task(self._exchange(key, token, scopes, future))
            asking = self._asking[key] = _Asking(future, task)
        # Not the future itself, which a turn that is cancelled would cancel for all.
        return await asyncio.shield(asking.future)

    async def _exchange(
        self,
        key: bytes,
        token: CallerToken,
        scopes: tuple[str, ...],
        future: asyncio.Future[GrantedToken],
    ) -> None:
        try:
            async with asyncio.timeout(_TIME_LIMIT_SECONDS):
                granted = await self._exchanger.exchange(token, scopes)
        except TimeoutError:
            future.set_exception(ExchangeUnavailableError())
        except Exception as error:  # noqa: BLE001 - told to all who wait for it
            future.set_exception(error)
        else:
            self._keep(key, granted)
            future.set_result(granted)
        finally:
            del self._asking[key]
            if not future.done():
                future.set_exception(ExchangeUnavailableError())  # the host goes down
            future.exception()  # whoever asked may have left

    def _keep(self, key: bytes, granted: GrantedToken) -> None:
        self._granted[key] = granted
        self._granted.move_to_end(key)
        if len(self._granted) > self._tokens_limit:
            self._granted.popitem(last=False)


class BrokeredAccess:
    """The `DownstreamAccess` of one turn."""

    __slots__ = ("_broker", "_token")

    def __init__(self, broker: TokenBroker, token: CallerToken | None) -> None:
        self._broker = broker
        self._token = token

    async def token(self, *scopes: str) -> DownstreamToken:
        """A token for these scopes."""
        wanted = tuple(sorted(set(scopes)))
        granted = await self._broker.find(self._token, wanted)

        async def renew() -> DownstreamToken:
            if self._token is not None:
                self._broker.drop(self._token, wanted, granted.value)
            return await self.token(*wanted)

        return DownstreamToken(
            value=granted.value,
            expires_at=granted.expires_at,
            scopes=granted.scopes or wanted,
            renew=renew,
        )


def _key(token: CallerToken, scopes: tuple[str, ...]) -> bytes:
    digest = sha256()
    for part in (token.principal.tenant, token.principal.id, token.value, *scopes):
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(encoded))
        digest.update(encoded)
    return digest.digest()


__all__ = ["EXPIRY_MARGIN", "TOKENS_LIMIT", "BrokeredAccess", "TokenBroker"]
