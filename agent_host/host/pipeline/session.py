"""Step 4: which conversation is it, and whose turn is it there?"""

from collections.abc import Callable

from agent_host.errors import NotFoundError, QuestionOpenError, SessionReadOnlyError
from agent_host.host.pipeline.exchange import Exchange, Wish, given
from agent_host.host.record.run_record import RunRecords
from agent_host.host.record.session_record import SessionRecords
from agent_host.host.run.reader import RunReader
from agent_host.host.session.book import SessionBook
from agent_host.host.session.gate import SessionGate
from agent_host.types.principal import Owner
from agent_host.types.request import ChannelRequest
from agent_host.types.run import RunStatus
from agent_host.types.session import ConcurrencyPolicy, Session, SessionMode, SessionPolicy


class SessionStep:
    """Finds or opens the session and takes a place in its line."""

    def __init__(
        self,
        *,
        book: SessionBook,
        gate: SessionGate,
        runs: RunRecords,
        sessions: SessionRecords,
        reader_of: Callable[[Owner], RunReader],
        policy: SessionPolicy,
        mode: SessionMode,
    ) -> None:
        self._book = book
        self._gate = gate
        self._reader_of = reader_of
        self._runs = runs
        self._sessions = sessions
        self._concurrency = policy.concurrency
        self._mode = mode

    async def __call__(self, exchange: Exchange, request: ChannelRequest) -> None:
        """Set session and place; nothing for the replay of an earlier request.

        Raises:
            SessionError: see `SessionBook.find` and `SessionGate.enter`.
            QuestionOpenError: a run of the session waits for an answer.
            NotFoundError: a server's id that this owner does not have.
            SessionReadOnlyError: it is one that the person had before a link.
        """
        if exchange.replay_of is not None:
            return
        asked = request.session_mode
        mode = self._mode if asked is SessionMode.AUTO else asked
        try:
            found = await self._book.find(given(exchange.owner), request.session, mode)
        except NotFoundError:
            await self._mind_held(exchange, given(request.session))
            raise
        if found is None:
            return
        if not found.is_new:
            await self._mind_open_question(found.session)
        exchange.session = found.session
        exchange.session_is_new = found.is_new
        exchange.writes.extend(found.writes)
        exchange.claims |= found.claims
        if found.is_new and exchange.wish is Wish.RESULT and not exchange.claims:
            # Nobody can know it before its run is stored; the run takes its place then.
            return
        exchange.place = await self._gate.enter(found.session, given(exchange.run_id))

    async def _mind_held(self, exchange: Exchange, session: str) -> None:
        if exchange.holding is None:
            return
        for owner in await exchange.holding.others():
            if await self._sessions.get(owner, session) is not None:
                raise SessionReadOnlyError

    async def _mind_open_question(self, session: Session) -> None:
        if self._concurrency is ConcurrencyPolicy.CONCURRENT:
            return
        run_id = await self._sessions.waiting_run(session)
        if run_id is None:
            return
        kept = await self._runs.get(session.owner, run_id)
        if kept is None or kept[0].status is not RunStatus.INPUT_REQUIRED:
            return
        if self._concurrency is ConcurrencyPolicy.INTERRUPT:
            await self._reader_of(session.owner).cancel(run_id, reason="interrupted_by_turn")
            return
        asked = ", ".join(question.id for question in kept[0].questions)
        message = f"Run {run_id} of this session waits for an answer to {asked}."
        raise QuestionOpenError(message, run_id)


__all__ = ["SessionStep"]
