"""What admin routes are given of people: who they are by ids, and their rights over their data."""

from collections.abc import AsyncIterator
from typing import Protocol

from agent_host.types.identifier import IsolationKey
from agent_host.types.json import JsonObject
from agent_host.types.page import Page
from agent_host.types.personal import ErasureReceipt, KnownPerson
from agent_host.types.principal import ChannelIdentity, Owner


class PersonDirectory(Protocol):
    """Everybody who was seen in a chat, or is linked. Somebody who only calls with a key or a token
    is not listed, and is known by the key of their runs.
    """

    async def persons(
        self, tenant: str, *, cursor: str | None = None, limit: int = 50
    ) -> Page[KnownPerson]:
        """By key; partitions besides the person's own are left out."""
        ...


class PeopleOperator(Protocol):
    """A person is named by their key, or by that of any identity they linked."""

    async def list(
        self, tenant: str, *, cursor: str | None = None, limit: int = 50
    ) -> Page[KnownPerson]:
        """See `PersonDirectory`."""
        ...

    async def find(self, identity: ChannelIdentity) -> KnownPerson:
        """Whose an identity is, by the platform's own id.

        Raises:
            NotFoundError: it was never seen.
        """
        ...

    async def show(self, person: Owner) -> KnownPerson:
        """One of them.

        Raises:
            NotFoundError: nothing is kept of anybody under this key.
        """
        ...

    async def unlink(self, person: Owner, identity_key: IsolationKey) -> KnownPerson:
        """Take an identity out of a person; who stays.

        Raises:
            NotFoundError: there is no such person, or no such identity of theirs.
            NotLinkedError: it is their only one.
        """
        ...

    async def forget(self, person: Owner) -> ErasureReceipt:
        """Erase everything that is kept of them. Of somebody of whom nothing is kept the receipt
        says so. It is over when this returns, and goes on if nobody waits, or after a crash.

        Raises:
            StoreError, ConflictError: it cannot go on at the moment; ask again.
        """
        ...

    def export(self, person: Owner) -> AsyncIterator[JsonObject]:
        """Everything that is kept of them, content included: a first line that says of whom, one
        for each record, stream entry, task and file, and a last that counts the others.

        Raises:
            NotFoundError: with the first item: nothing is kept of anybody under this key.
        """
        ...

    async def receipts(self, *, cursor: str | None = None, limit: int = 50) -> Page[ErasureReceipt]:
        """Of erasures, newest first; those that go on are not among them."""
        ...


__all__ = ["PeopleOperator", "PersonDirectory"]
