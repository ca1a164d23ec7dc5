"""Sessions as their owner sees them."""

from agent_host.errors import RequestError
from agent_host.host.record.session_record import SessionRecords
from agent_host.host.session.book import SessionBook
from agent_host.types.principal import Owner
from agent_host.types.session import Session, SessionHistory

READ_LIMIT = 1000


class OwnedSessions:
    """The `SessionView` of one owner."""

    def __init__(self, *, book: SessionBook, records: SessionRecords, owner: Owner) -> None:
        self._book = book
        self._records = records
        self._owner = owner

    async def get(
        self, session: str, *, limit: int = 100, before: int | None = None
    ) -> SessionHistory:
        """The session with its newest messages, or the newest of those in front of a place."""
        if not 1 <= limit <= READ_LIMIT:
            message = f"limit is a number from 1 to {READ_LIMIT}."
            raise RequestError(message)
        if before is not None and before < 0:
            message = "before is the number of a message, from 0."
            raise RequestError(message)
        found, _ = await self._book.get(self._owner, session)
        return await self._records.history(found, limit=limit, before=before)

    async def delete(self, session: str) -> None:
        """Forget the session and its history."""
        await self._book.delete(self._owner, session)

    async def reset(self, session: str) -> Session:
        """Begin anew under the same name."""
        return await self._book.reset(self._owner, session)


__all__ = ["OwnedSessions"]
