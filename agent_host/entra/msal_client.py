"""MSAL, off the loop: its calls block, so that they have a few threads of their own.

MSAL would keep every token it is ever given. Here it keeps none: neither in memory, where that
grows with the number of people, nor on disk.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any, Final, TypeAlias

from agent_host.entra.registration import EntraRegistration

THREADS: Final = 4
TIMEOUT_SECONDS: Final = 10.0


# MSAL says nothing of its types.
_msal: Final[Any] = import_module("msal")
_ServiceError: Final[type[Exception]] = import_module("msal.exceptions").MsalServiceError

Application: TypeAlias = Any
"""MSAL's confidential client."""


class MsalClient:
    """One registration. `http` replaces MSAL's own session, for those who go through a proxy."""

    def __init__(self, registration: EntraRegistration, *, http: object | None = None) -> None:
        self._registration = registration
        self._http = http
        self._threads: ThreadPoolExecutor | None = None
        self._application: Application = None

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """Have threads. Nobody is asked anything before the first call."""
        threads = self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="msal")
        try:
            yield
        finally:
            self._threads = None
            # Not waited for, which would block the loop: a call ends with its own timeout.
            threads.shutdown(wait=False, cancel_futures=True)

    async def call(self, ask: Callable[[Application], Mapping[str, Any]]) -> Mapping[str, Any]:
        """What MSAL answers. More calls than threads wait for their turn.

        Raises:
            OSError: Entra cannot be reached, or fails.
            ValueError: it does not know the directory, or something does not fit.
            RuntimeError: the client is not open.
        """
        if self._threads is None:
            message = "the client of Entra is not open"
            raise RuntimeError(message)
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, lambda: ask(self._opened()))
        except _ServiceError as error:
            raise ConnectionError("Entra answers with a failure") from error

    def _opened(self) -> Application:
        # Two threads may both make one at first; either is as good.
        if self._application is None:
            self._application = _msal.ConfidentialClientApplication(
                self._registration.client_id,
                client_credential=self._registration.credential,
                authority=self._registration.authority_url,
                instance_discovery=False,
                token_cache=_forgetful_cache(),
                http_client=self._http,
                timeout=TIMEOUT_SECONDS,
                exclude_scopes=["offline_access"],
            )
        return self._application


def _forgetful_cache() -> object:
    cache = _msal.TokenCache()
    cache.add = _forget
    return cache


def _forget(*_: object, **__: object) -> None:
    """Keep nothing of what was given."""


__all__ = ["THREADS", "TIMEOUT_SECONDS", "Application", "MsalClient"]
