"""The whole of what a channel is given. No store, no target, no other channel."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Protocol

from agent_host.protocols.clock import Clock, IdFactory
from agent_host.protocols.delivery import DeliveryLog
from agent_host.protocols.file_store import FileStream
from agent_host.protocols.follow import Follower, FollowView
from agent_host.protocols.link_desk import LinkView
from agent_host.protocols.outbound import Outbound
from agent_host.types.channel_record import ChannelRecord, RecordLife
from agent_host.types.command import CommandAnswer, CommandInfo, CommandRequest
from agent_host.types.event import JournalEntry
from agent_host.types.inbound import Acceptance
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.page import Page
from agent_host.types.principal import Owner
from agent_host.types.request import Caller, ChannelRequest
from agent_host.types.run import HostedResult, Run
from agent_host.types.session import Session, SessionHistory
from agent_host.types.target import TargetCapabilities, TargetDescription


class RunView(Protocol):
    """The runs of one owner. Ids are as the caller sent them; unknown and foreign read the same:
    every method raises `NotFoundError` for both.
    """

    async def get(self, run_id: str) -> HostedResult:
        """The run, with its result once it has completed."""
        ...

    async def list(self, *, cursor: str | None = None, limit: int = 50) -> Page[Run]:
        """Newest first.

        Raises:
            RequestError: the cursor is none of ours.
        """
        ...

    def events(self, run_id: str, *, after: int = -1) -> AsyncIterator[JournalEntry]:
        """Every entry with a sequence above `after`, then those to come; ends behind the terminal,
        or at an `InputRequired` that is still open. Errors come with the first item.
        """
        ...

    async def entries(self, run_id: str) -> Sequence[JournalEntry]:
        """Every entry that there is by now; it waits for none."""
        ...

    async def cancel(self, run_id: str) -> Run:
        """Ask the run to stop; the run as it stands then, which may still be running.

        Raises:
            NotCancellableError: it is over.
        """
        ...

    async def answer(self, run_id: str, values: Mapping[str, JsonValue]) -> Run:
        """Answer every open question, by question id; the run goes on.

        Raises:
            NoQuestionError: nothing is asked, or not this; the text names what is.
            InvalidInputError: a value does not fit its question's schema.
        """
        ...


class SessionView(Protocol):
    """The sessions of one owner, by server's id or the owner's name for it; `NotFoundError` for
    unknown and foreign alike.
    """

    async def get(
        self, session: str, *, limit: int = 100, before: int | None = None
    ) -> SessionHistory:
        """The session with its newest messages; with `before` the newest of its first `before`
        messages, so that the `earlier` of one history leads on to the one in front of it.

        Raises:
            RequestError: `limit` or `before` is out of range.
        """
        ...

    async def delete(self, session: str) -> None:
        """Forget the session and its history. Its runs stay until they expire."""
        ...

    async def reset(self, session: str) -> Session:
        """Begin anew under the same name: the new session. The old keeps its history."""
        ...


class FileView(Protocol):
    """The files of one owner: what its messages refer to, for as long as there is room for them."""

    async def open(self, file_id: str) -> FileStream:
        """The file, to be read piece by piece and closed.

        Raises:
            NotFoundError: it is unknown, foreign, or not kept any more.
        """
        ...


class RecordView(Protocol):
    """What a channel keeps for one owner, by names of its own: small, and about what the owner has
    here anyway. Nobody else and no other channel sees it; it expires when nothing is written to it
    for as long as sessions live, unless its `life` is its owner's. What a run or a session can hold
    stands there and not here.
    """

    async def get(self, name: str) -> ChannelRecord | None:
        """What is kept under the name."""
        ...

    async def put(
        self,
        name: str,
        value: JsonObject,
        *,
        expect: int | None = None,
        life: RecordLife = RecordLife.SESSION,
    ) -> None:
        """Keep a value; with `expect` only over that version, 0 for none. The last write says how
        long it is kept.

        Raises:
            ConflictError: it is at another version.
            TooLargeError: the value is more than a record may have.
        """
        ...

    async def delete(self, name: str) -> None:
        """Forget it; nothing if there is none."""
        ...


class RunStream(Protocol):
    """A run that the caller follows from its start."""

    @property
    def run(self) -> Run:
        """As it stood when the stream was opened."""
        ...

    @property
    def replayed(self) -> bool:
        """Whether an idempotency key led back to an earlier run."""
        ...

    @property
    def is_elsewhere(self) -> bool:
        """Whether it was known at the start that its answer goes to other destinations, so that who
        would wait for it is shown the run.
        """
        ...

    def __aiter__(self) -> AsyncIterator[JournalEntry]:
        """From sequence 0 to the terminal, or to an `InputRequired`."""
        ...


class HostContext(Protocol):
    """How a channel speaks to its host. Every call goes through identify and authorize first and
    raises what they say: `UnauthenticatedError`, `DeniedError`, `LinkRequiredError`; `accept` alone
    goes through them once the platform has its answer.
    """

    @property
    def target(self) -> TargetDescription:
        """What is hosted."""
        ...

    @property
    def capabilities(self) -> TargetCapabilities:
        """What it can do."""
        ...

    @property
    def challenge(self) -> str | None:
        """The `WWW-Authenticate` challenge to callers without a proof, for documents that say how
        to call; None where none is asked for.
        """
        ...

    @property
    def clock(self) -> Clock:
        """The host's time."""
        ...

    @property
    def ids(self) -> IdFactory:
        """The host's identifiers."""
        ...

    @property
    def outbound(self) -> Outbound:
        """The guarded client, for URLs that somebody outside has named."""
        ...

    @property
    def delivery_log(self) -> DeliveryLog:
        """What was sent to endpoints that people, or the operator, have registered."""
        ...

    @property
    def healthy(self) -> bool:
        """Whether new work is taken: started, and not draining."""
        ...

    @property
    def busy(self) -> bool:
        """Whether any run is going on."""
        ...

    @property
    def cancels_on_disconnect(self) -> bool:
        """Whether a caller that leaves takes its run with it; a channel then watches for that
        while it waits, and cancels its wait.
        """
        ...

    @property
    def commands(self) -> Sequence[CommandInfo]:
        """What people can ask of the host itself, in the order of a menu; see `read_command`."""
        ...

    async def command(self, request: CommandRequest) -> CommandAnswer:
        """Answer a command. In a group, where the caller may not, there is nothing to say.

        Raises:
            NotFoundError: there is no such command: it is not swallowed, but the target's.
            CommandError: its handler failed.
        """
        ...

    async def run(self, request: ChannelRequest) -> HostedResult:
        """Run a turn and wait until it is over or asks something. A failed run is returned.

        If the wait is cancelled the run goes on, unless the host's disconnect policy is `cancel`.
        """
        ...

    def stream(self, request: ChannelRequest) -> AbstractAsyncContextManager[RunStream]:
        """Run a turn and follow it. Leaving early is a disconnect, see `run`."""
        ...

    async def start(self, request: ChannelRequest) -> HostedResult:
        """Accept a turn for the background, durably where the host is; its run is the
        continuation token.
        """
        ...

    async def accept(self, event_key: str, request: ChannelRequest) -> Acceptance:
        """Take an event that its platform sends until it hears that it was taken: store it and its
        work in one atomic step, and return. Then acknowledge it. It becomes a background run of the
        one it is from, once, whatever dies meanwhile; events of one conversation in their order.
        While a run of theirs asks something there, and was asked by an event, it is the answer.

        `event_key` is the platform's id of the event, the same each time it is sent; it is known
        per channel and account. An event that was taken before is not taken again.

        Raises:
            BacklogFullError: too many wait. Nothing was kept; the platform shall send it again.
            RequestError: the input is empty.
        """
        ...

    async def taken_before(self, event_key: str, caller: Caller) -> Acceptance | None:
        """What `accept` answered when it took this event of the caller's channel and account; None
        if it did not, or does not remember it. Spares a channel from parsing what is sent again.
        """
        ...

    async def runs(self, caller: Caller) -> RunView:
        """The caller's own runs."""
        ...

    async def sessions(self, caller: Caller) -> SessionView:
        """The caller's own sessions."""
        ...

    async def files(self, caller: Caller) -> FileView:
        """The caller's own files."""
        ...

    def records_of(self, owner: Owner, channel: str) -> RecordView:
        """What a channel keeps for an owner whom the host has named, in a `Push` for instance."""
        ...

    async def records(self, caller: Caller) -> RecordView:
        """What the caller's channel keeps for the caller."""
        ...

    async def follows(self, caller: Caller) -> FollowView:
        """What the caller's channel tells others of the caller's runs."""
        ...

    def follower(self, channel: str, follower: Follower) -> AbstractContextManager[None]:
        """Let `follower` tell what is followed on a channel, while the context lasts: the whole of
        the channel's lifespan. Follows of a channel that has none become dead letters.
        """
        ...

    async def links(self, caller: Caller) -> LinkView:
        """The steps of a link, for whoever may come in or would be asked to link first. What they
        say is for a private conversation.

        Raises:
            NotFoundError: this host has no way to link.
            LinkRefusedError: the caller speaks in a room, or through a platform that speaks for
                many.
        """
        ...


__all__ = ["FileView", "HostContext", "RecordView", "RunStream", "RunView", "SessionView"]
