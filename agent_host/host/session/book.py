"""Finds the session a request belongs to, opens new ones, resets and forgets them.

What a caller sends is a name under its owner, whatever it looks like.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agent_host.errors import (
    ConflictError,
    NotFoundError,
    RequestError,
    SessionRequiredError,
    SessionResetError,
)
from agent_host.host.record.session_record import SessionRecords
from agent_host.protocols.clock import Clock, IdFactory
from agent_host.protocols.state_store import StateStore
from agent_host.types.identifier import SESSION_PREFIX, SessionId
from agent_host.types.principal import Owner
from agent_host.types.quick_init import maker
from agent_host.types.session import Session, SessionMode
from agent_host.types.store import ABSENT, Write

NAME_LIMIT = 256
TOUCH_AFTER = timedelta(minutes=1)
RESET_TRIES = 5


@dataclass(frozen=True, slots=True)
class FoundSession:
    """A session with the writes its turn must make. `claims` says that another turn may want to
    make the same: they take a name, or a version.
    """

    session: Session
    writes: Sequence[Write] = ()
    is_new: bool = False
    claims: bool = False


class SessionBook:
    """All of it owner-scoped: a foreign session reads as one that does not exist."""

    def __init__(
        self, *, store: StateStore, records: SessionRecords, clock: Clock, ids: IdFactory
    ) -> None:
        self._store = store
        self._records = records
        self._clock = clock
        self._ids = ids

    async def find(
        self, owner: Owner, wanted: str | None, mode: SessionMode
    ) -> FoundSession | None:
        """The session for a turn, opened if need be; None where the mode is `disabled`.

        Raises:
            SessionRequiredError: the mode is `required` and none is named.
            NotFoundError: a server's id that this owner does not have.
            SessionResetError: the id is of a session that was reset.
        """
        if mode is SessionMode.DISABLED:
            return None
        now = self._clock.now()
        if wanted is None:
            if mode is SessionMode.REQUIRED:
                message = "This host needs a session: name one in the request."
                raise SessionRequiredError(message)
            return self._open(owner, None, now, name_version=ABSENT)
        session, version = await self._look_up(owner, wanted) or (None, ABSENT)
        if session is None:
            if wanted.startswith(SESSION_PREFIX):
                raise NotFoundError("session")
            named = await self._records.find_name(owner, check_name(wanted))
            return self._open(owner, wanted, now, name_version=named[1] if named else ABSENT)
        if session.superseded_by is not None:
            message = f"This session was reset; go on with {session.superseded_by}."
            raise SessionResetError(message)
        if now - session.last_active_at < TOUCH_AFTER:
            return FoundSession(session)
        return FoundSession(session, await self._touch(session, version, now), claims=True)

    async def get(self, owner: Owner, wanted: str) -> tuple[Session, int]:
        """The session by id or name, with its version."""
        found = await self._look_up(owner, wanted)
        if found is None:
            raise NotFoundError("session")
        return found

    async def delete(self, owner: Owner, wanted: str) -> None:
        """Forget session, name and history."""
        session, _ = await self.get(owner, wanted)
        await self._store.commit(self._records.delete(session))

    async def reset(self, owner: Owner, wanted: str) -> Session:
        """Open a session that carries on under the old one's name."""
        for _ in range(RESET_TRIES):
            session, version = await self.get(owner, wanted)
            if session.superseded_by is not None:
                message = f"This session was reset already; go on with {session.superseded_by}."
                raise SessionResetError(message)
            named = None
            if session.name is not None:
                named = await self._records.find_name(owner, session.name)
            opened = self._open(
                owner, session.name, self._clock.now(), name_version=named[1] if named else ABSENT
            )
            old = replace(session, superseded_by=opened.session.id)
            try:
                await self._store.commit([self._records.put(old, expect=version), *opened.writes])
            except ConflictError:
                continue
            return opened.session
        message = "The session changed while it was reset; try again."
        raise ConflictError(message)

    async def _look_up(self, owner: Owner, wanted: str) -> tuple[Session, int] | None:
        if wanted.startswith(SESSION_PREFIX):
            return await self._records.get(owner, wanted)
        named = await self._records.find_name(owner, check_name(wanted))
        return None if named is None else await self._records.get(owner, named[0])

    def _open(
        self, owner: Owner, name: str | None, now: datetime, *, name_version: int
    ) -> FoundSession:
        session = _make_session(
            id=SessionId(self._ids.new(SESSION_PREFIX)),
            owner=owner,
            created_at=now,
            last_active_at=now,
            name=name,
        )
        writes: list[Write] = [self._records.put(session, expect=ABSENT)]
        if name is not None:
            writes.append(self._records.put_name(session, expect=name_version))
        return FoundSession(session, writes, is_new=True, claims=name is not None)

    async def _touch(self, session: Session, version: int, now: datetime) -> Sequence[Write]:
        touched = replace(session, last_active_at=now)
        writes: list[Write] = [self._records.put(touched, expect=version)]
        if session.name is not None:
            named = await self._records.find_name(session.owner, session.name)
            if named is not None and named[0] == session.id:
                writes.append(self._records.put_name(touched, expect=named[1]))
        return writes


def check_name(name: str) -> str:
    """A name that an owner may give a session.

    Raises:
        RequestError: it is empty, too long, or has control characters.
    """
    if not name or len(name) > NAME_LIMIT or not name.isprintable():
        message = f"A session's name has 1 to {NAME_LIMIT} printable characters."
        raise RequestError(message)
    return name


_make_session = maker(Session)

__all__ = ["FoundSession", "SessionBook", "check_name"]
