"""What a caller is shown once the pipeline has let them in: their own, linked identities included.

Where nobody is linked these are the views of one owner, and nothing is asked besides.
"""

from collections.abc import Callable
from functools import partial

from agent_host.host.file.view import OwnedFiles
from agent_host.host.person.file_view import HeldFiles
from agent_host.host.person.follow_view import HeldFollows
from agent_host.host.person.holding import Holding
from agent_host.host.person.record_view import HeldRecords
from agent_host.host.person.run_view import HeldRuns
from agent_host.host.person.session_view import HeldSessions
from agent_host.host.pipeline.exchange import Exchange, given
from agent_host.host.record.channel_record import ChannelRecords
from agent_host.host.record.session_record import SessionRecords
from agent_host.host.run.reader import RunReader
from agent_host.host.session.book import SessionBook
from agent_host.host.session.view import OwnedSessions
from agent_host.protocols.file_store import FileStore
from agent_host.protocols.follow import FollowView
from agent_host.protocols.host_context import FileView, RecordView, RunView, SessionView
from agent_host.protocols.identity_registry import IdentityBook
from agent_host.types.principal import Owner


class PersonViews:
    """One per host. Each view is of a caller that has been identified and authorized."""

    def __init__(
        self,
        *,
        reader_of: Callable[[Owner], RunReader],
        book: SessionBook,
        sessions: SessionRecords,
        files: FileStore,
        records: ChannelRecords,
        follows_of: Callable[[Owner, str], FollowView],
        people: IdentityBook | None,
    ) -> None:
        self._reader_of = reader_of
        self._book = book
        self._sessions = sessions
        self._files = files
        self._records = records
        self._follows_of = follows_of
        self._people = people

    def runs(self, exchange: Exchange) -> RunView:
        """Their runs."""
        if exchange.holding is None:
            return self._reader_of(given(exchange.owner))
        return HeldRuns(exchange.holding, self._reader_of)

    def sessions(self, exchange: Exchange) -> SessionView:
        """Their sessions."""
        if exchange.holding is None:
            return self._sessions_of(given(exchange.owner))
        return HeldSessions(exchange.holding, self._sessions_of)

    def files(self, exchange: Exchange) -> FileView:
        """Their files."""
        if exchange.holding is None:
            return self._files_of(given(exchange.owner))
        return HeldFiles(exchange.holding, self._files_of)

    def records(self, exchange: Exchange, channel: str) -> RecordView:
        """What a channel keeps for them."""
        if exchange.holding is None:
            return self._records.of(given(exchange.owner), channel)
        return HeldRecords(exchange.holding, partial(self._records.of, channel=channel))

    def records_of(self, owner: Owner, channel: str) -> RecordView:
        """What a channel keeps for an owner whom the host has named."""
        if self._people is None:
            return self._records.of(owner, channel)
        holding = Holding(owner, person=owner, book=self._people, narrow=lambda key: key)
        return HeldRecords(holding, partial(self._records.of, channel=channel))

    def follows(self, exchange: Exchange, channel: str) -> FollowView:
        """What a channel tells of their runs."""
        if exchange.holding is None:
            return self._follows_of(given(exchange.owner), channel)
        return HeldFollows(
            exchange.holding, self._reader_of, lambda owner: self._follows_of(owner, channel)
        )

    def _sessions_of(self, owner: Owner) -> OwnedSessions:
        return OwnedSessions(book=self._book, records=self._sessions, owner=owner)

    def _files_of(self, owner: Owner) -> OwnedFiles:
        return OwnedFiles(self._files, owner)


__all__ = ["PersonViews"]
