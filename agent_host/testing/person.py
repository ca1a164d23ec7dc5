"""Authenticators, authorizers and lists for tests: some believe what they are told, some refuse,
and some let a test wait until they are asked.

Never to be used outside tests.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from starlette.requests import HTTPConnection

from agent_host.errors import UnauthenticatedError
from agent_host.protocols.access_policy import Allowlist
from agent_host.types.decision import Decision, Denied
from agent_host.types.identifier import IsolationKey
from agent_host.types.principal import Principal
from agent_host.types.request import Caller
from agent_host.types.visitor import Verdict, Visitor

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


class NotingAllowlist:
    """Says the same of everybody, and lets a test wait until it is asked."""

    def __init__(self, verdict: Verdict) -> None:
        self._verdict = verdict
        self._asked: asyncio.Queue[Visitor] = asyncio.Queue()

    @property
    def parts(self) -> tuple[Allowlist, ...]:
        """None."""
        return ()

    async def judge(self, visitor: Visitor) -> Verdict:
        """The verdict."""
        self._asked.put_nowait(visitor)
        return self._verdict

    async def next_asked(self) -> Visitor:
        """Who was asked about, in order; waits for the next."""
        return await self._asked.get()

    def forget(self) -> None:
        """Forget who was asked about."""
        while not self._asked.empty():
            self._asked.get_nowait()


__all__ = [
    "DenyingAuthorizer",
    "NotingAllowlist",
    "PersonAuthenticator",
    "RefusingAuthenticator",
    "as_person",
]
