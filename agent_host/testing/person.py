"""Authenticators and authorizers for tests: one that believes what it is told, and two that refuse.

Never to be used outside tests.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from starlette.requests import HTTPConnection

from agent_host.errors import UnauthenticatedError
from agent_host.types.decision import Decision, Denied
from agent_host.types.identifier import IsolationKey
from agent_host.types.principal import Principal
from agent_host.types.request import Caller

_SCHEME: Final = "Person "


def as_person(name: str) -> Mapping[str, str]:
    """The headers by which `PersonAuthenticator` knows somebody."""
    return {"authorization": f"{_SCHEME}{name}"}


class PersonAuthenticator:
    """Believes the name in the header; without one nobody is known."""

    admits_anyone = False
    challenge = "Person"

    async def authenticate(self, connection: HTTPConnection) -> Principal:
        """Whoever the header names."""
        header = connection.headers.get("authorization", "")
        name = header.removeprefix(_SCHEME)
        if not name or name == header:
            raise UnauthenticatedError("Say who you are.")
        return Principal(id=name, kind="token")


class RefusingAuthenticator:
    """Knows nobody."""

    admits_anyone = False
    challenge = "Person"

    async def authenticate(self, connection: HTTPConnection) -> Principal:
        """Refuse."""
        del connection
        raise UnauthenticatedError("Nobody is known here.")


class DenyingAuthorizer:
    """Allows nothing, and lets a test wait until it is asked."""

    details: Final = "only the operator may read this"

    def __init__(self) -> None:
        self._asked: asyncio.Queue[Caller] = asyncio.Queue()

    async def authorize(
        self, caller: Caller, *, principal: Principal, isolation_key: IsolationKey
    ) -> Decision:
        """Deny."""
        del principal, isolation_key
        self._asked.put_nowait(caller)
        return Denied(reason_code="nobody_is_listed", log_details=self.details)

    @property
    def was_asked(self) -> bool:
        """Whether anybody was asked about and is not forgotten."""
        return not self._asked.empty()

    async def next_asked(self) -> Caller:
        """Who was asked about, in order; waits for the next."""
        return await self._asked.get()

    def forget(self) -> None:
        """Forget who was asked about."""
        while self.was_asked:
            self._asked.get_nowait()


__all__ = ["DenyingAuthorizer", "PersonAuthenticator", "RefusingAuthenticator", "as_person"]
