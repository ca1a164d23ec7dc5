"""Sessions of a person with linked identities."""

from collections.abc import Callable

from agent_host.errors import NotFoundError, SessionReadOnlyError
from agent_host.host.person.holding import Holding
from agent_host.host.person.search import first_found
from agent_host.host.session.view import OwnedSessions
from agent_host.types.principal import Owner
from agent_host.types.session import Session, SessionHistory


class HeldSessions:
    """The `SessionView` of a person: their own sessions, and to read or forget those from before
    they linked. A name leads to their own first.
    """

    def __init__(self, holding: Holding, sessions_of: Callable[[Owner], OwnedSessions]) -> None:
        self._holding = holding
        self._sessions_of = sessions_of

    async def get(
        self, session: str, *, limit: int = 100, before: int | None = None
    ) -> SessionHistory:
        """The session with its newest messages, or with those before one."""
        return await first_found(
            self._holding,
            lambda owner: self._sessions_of(owner).get(session, limit=limit, before=before),
        )

    async def delete(self, session: str) -> None:
        """Forget the session and its history."""
        await first_found(self._holding, lambda owner: self._sessions_of(owner).delete(session))

    async def reset(self, session: str) -> Session:
        """Begin anew under the same name.

        Raises:
            SessionReadOnlyError: it is from before a link.
        """
        try:
            return await self._sessions_of(self._holding.owner).reset(session)
        except NotFoundError:
            await self.get(session, limit=1)
            raise SessionReadOnlyError from None


__all__ = ["HeldSessions"]
