"""What a channel gets of the host: `HostContext` over the pipeline."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from agent_host.errors import LinkRequiredError, NotFoundError
from agent_host.host.command.desk import CommandDesk
from agent_host.host.follow.dispatcher import FollowDispatcher
from agent_host.host.inbound.acceptance import EventAcceptance
from agent_host.host.pipeline.exchange import Exchange, Wish, given
from agent_host.host.pipeline.link_view import PartyLinks
from agent_host.host.pipeline.party import party_of
from agent_host.host.pipeline.pipeline import Pipeline
from agent_host.host.pipeline.view import PersonViews
from agent_host.host.run.engine import RunEngine
from agent_host.host.run.part import EngineParts
from agent_host.host.run.reader import RunReader
from agent_host.protocols.clock import Clock, IdFactory
from agent_host.protocols.delivery import DeliveryLog
from agent_host.protocols.follow import Follower, FollowView
from agent_host.protocols.host_context import (
    FileView,
    RecordView,
    RunStream,
    RunView,
    SessionView,
)
from agent_host.protocols.link_desk import LinkDesk, LinkView
from agent_host.protocols.outbound import Outbound
from agent_host.types.command import CommandAnswer, CommandInfo, CommandRequest
from agent_host.types.event import JournalEntry
from agent_host.types.inbound import Acceptance
from agent_host.types.principal import Owner
from agent_host.types.request import Caller, ChannelRequest
from agent_host.types.run import HostedResult, Run
from agent_host.types.run_policy import DisconnectPolicy
from agent_host.types.target import TargetCapabilities, TargetDescription


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedRun:
    """The `RunStream` of one call."""

    run: Run
    replayed: bool
    is_elsewhere: bool
    entries: AsyncIterator[JournalEntry]

    def __aiter__(self) -> AsyncIterator[JournalEntry]:
        return self.entries


class ChannelContext:
    """One for all channels of a host; it keeps nothing of any call."""

    def __init__(  # noqa: PLR0913 - each is one part of the host, all by keyword
        self,
        parts: EngineParts,
        *,
        pipeline: Pipeline,
        engine: RunEngine,
        commands: CommandDesk,
        reader_of: Callable[[Owner], RunReader],
        views: PersonViews,
        events: EventAcceptance,
        follows: FollowDispatcher,
        outbound: Outbound,
        challenge: str | None = None,
        desk: LinkDesk | None = None,
    ) -> None:
        self._parts = parts
        self._pipeline = pipeline
        self._engine = engine
        self._commands = commands
        self._reader_of = reader_of
        self._views = views
        self._events = events
        self._follows = follows
        self._outbound = outbound
        self._challenge = challenge
        self._desk = desk
        self._cancels = parts.policy.on_disconnect is DisconnectPolicy.CANCEL

    @property
    def target(self) -> TargetDescription:
        """What is hosted."""
        return self._parts.target.description

    @property
    def capabilities(self) -> TargetCapabilities:
        """What it can do."""
        return self._parts.capabilities

    @property
    def challenge(self) -> str | None:
        """What callers are asked for."""
        return self._challenge

    @property
    def clock(self) -> Clock:
        """The host's time."""
        return self._parts.clock

    @property
    def ids(self) -> IdFactory:
        """The host's identifiers."""
        return self._parts.ids

    @property
    def outbound(self) -> Outbound:
        """The guarded client."""
        return self._outbound

    @property
    def delivery_log(self) -> DeliveryLog:
        """Deliveries to registered endpoints."""
        return self._parts.deliveries.log

    @property
    def healthy(self) -> bool:
        """Whether new work is taken."""
        return self._engine.is_open

    @property
    def busy(self) -> bool:
        """Whether any run is going on."""
        return bool(self._engine.live)

    @property
    def cancels_on_disconnect(self) -> bool:
        """Whether a caller that leaves takes its run with it."""
        return self._cancels

    @property
    def commands(self) -> Sequence[CommandInfo]:
        """What people can ask of the host itself."""
        return self._commands.book.infos

    async def command(self, request: CommandRequest) -> CommandAnswer:
        """Answer a command."""
        return await self._commands.answer(request)

    async def run(self, request: ChannelRequest) -> HostedResult:
        """Run a turn and wait for its end, or its question."""
        exchange = await self._pipeline.take(request, Wish.RESULT)
        return given(exchange.outcome)

    @asynccontextmanager
    async def stream(self, request: ChannelRequest) -> AsyncGenerator[RunStream]:
        """Run a turn and follow it."""
        exchange = await self._pipeline.take(request, Wish.EVENTS)
        outcome = given(exchange.outcome)
        entries = self._reader_of(outcome.run.owner).events(outcome.run.id)
        try:
            yield FollowedRun(
                run=outcome.run,
                replayed=outcome.replayed,
                is_elsewhere=outcome.is_elsewhere,
                entries=entries,
            )
        finally:
            self._mind_leaving(exchange)

    async def start(self, request: ChannelRequest) -> HostedResult:
        """Accept a turn for the background."""
        exchange = await self._pipeline.take(request, Wish.ACCEPTANCE)
        return given(exchange.outcome)

    async def accept(self, event_key: str, request: ChannelRequest) -> Acceptance:
        """Store an event and its work before the platform is told that it was taken."""
        return await self._events.accept(event_key, request)

    async def taken_before(self, event_key: str, caller: Caller) -> Acceptance | None:
        """What was answered when the event was taken, if it was."""
        return await self._events.taken_before(event_key, caller)

    async def runs(self, caller: Caller) -> RunView:
        """The caller's own runs."""
        return self._views.runs(await self._pipeline.enter(caller))

    async def sessions(self, caller: Caller) -> SessionView:
        """The caller's own sessions."""
        return self._views.sessions(await self._pipeline.enter(caller))

    async def files(self, caller: Caller) -> FileView:
        """The caller's own files."""
        return self._views.files(await self._pipeline.enter(caller))

    def records_of(self, owner: Owner, channel: str) -> RecordView:
        """What a channel keeps for an owner whom the host has named."""
        return self._views.records_of(owner, channel)

    async def records(self, caller: Caller) -> RecordView:
        """What the caller's channel keeps for the caller."""
        return self._views.records(await self._pipeline.enter(caller), caller.channel)

    async def links(self, caller: Caller) -> LinkView:
        """The steps of a link for the caller."""
        if self._desk is None:
            raise NotFoundError("way to link")
        try:
            exchange = await self._pipeline.enter(caller)
        except LinkRequiredError:
            exchange = await self._pipeline.identify(caller)
        return PartyLinks(self._desk, party_of(exchange))

    async def follows(self, caller: Caller) -> FollowView:
        """What the caller's channel tells others of the caller's runs."""
        return self._views.follows(await self._pipeline.enter(caller), caller.channel)

    @contextmanager
    def follower(self, channel: str, follower: Follower) -> Generator[None]:
        """Let `follower` tell what is followed on a channel."""
        self._follows.add(channel, follower)
        try:
            yield
        finally:
            self._follows.remove(channel)

    def _mind_leaving(self, exchange: Exchange) -> None:
        execution = exchange.execution
        if self._cancels and execution is not None and not execution.ledger.settled.is_set:
            execution.disconnect()


__all__ = ["ChannelContext", "FollowedRun"]
