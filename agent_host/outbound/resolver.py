"""Names into addresses, in threads of their own: a slow name server holds up nothing else."""

import asyncio
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

_THREADS: Final = 8


class Resolver(Protocol):
    """Asks for addresses once; whoever has them asks no second time."""

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """All addresses of a name, in order of preference.

        Raises:
            OSError: there are none, or nobody knows.
        """
        ...

    def close(self) -> None:
        """Nothing is asked any more."""
        ...


class SystemResolver:
    """The system's, as every other program here uses it."""

    def __init__(self) -> None:
        self._threads: ThreadPoolExecutor | None = None

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """All addresses of a name."""
        if self._threads is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - most never send

            self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="outbound-names")
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, _look_up, host, port)
        return tuple(dict.fromkeys(found))

    def close(self) -> None:
        """Let go of the threads; one that waits for an answer ends by itself."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


__all__ = ["Resolver", "SystemResolver"]
