"""Wires the engine: repositories, gate, runs and pipeline over a store and a runner."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent_host.host.command.book import CommandBook
from agent_host.host.command.desk import CommandDesk
from agent_host.host.command.link import LinkCommands
from agent_host.host.command.own import OwnCommands
from agent_host.host.context import ChannelContext
from agent_host.host.file.keeper import FileKeeper
from agent_host.host.follow.dispatcher import FollowDispatcher
from agent_host.host.follow.view import OwnedFollows
from agent_host.host.inbound.acceptance import EventAcceptance
from agent_host.host.inbound.answer import EventAnswers
from agent_host.host.operator import HostRunOperator
from agent_host.host.people_assembly import PeopleAssembly, assemble_people
from agent_host.host.pipeline.accept import AcceptStep
from agent_host.host.pipeline.authorize import AuthorizeStep
from agent_host.host.pipeline.claim import ClaimStep
from agent_host.host.pipeline.deliver import DeliverStep
from agent_host.host.pipeline.greet import GreetStep
from agent_host.host.pipeline.identify import IdentifyStep
from agent_host.host.pipeline.pipeline import Pipeline
from agent_host.host.pipeline.run import RunStep
from agent_host.host.pipeline.session import SessionStep
from agent_host.host.pipeline.view import PersonViews
from agent_host.host.record.channel_record import ChannelRecords
from agent_host.host.record.follow_record import FollowRecords
from agent_host.host.record.idempotency_record import IdempotencyRecords
from agent_host.host.record.journal_record import JournalRecords
from agent_host.host.record.live_record import LiveRunRecords
from agent_host.host.record.partition_record import PartitionRecords
from agent_host.host.record.request_record import RequestRecords
from agent_host.host.record.run_index import RunIndex
from agent_host.host.record.run_record import RunRecords
from agent_host.host.record.session_record import SessionRecords
from agent_host.host.run.background import BackgroundRuns
from agent_host.host.run.checkpoint import OwnedCheckpoints, capabilities_on
from agent_host.host.run.engine import RunEngine
from agent_host.host.run.forwarding import StoredAnswers
from agent_host.host.run.part import EngineParts
from agent_host.host.run.reader import RunReader
from agent_host.host.run.recovery import RunRecovery
from agent_host.host.run.turn_maker import TurnMaker
from agent_host.host.run.turn_stop import TurnStop
from agent_host.host.session.book import SessionBook
from agent_host.host.session.gate import SessionGate
from agent_host.protocols.access_policy import AccessPolicy
from agent_host.protocols.authorizer import Authorizer
from agent_host.protocols.behavior import RunHook
from agent_host.protocols.clock import Clock, IdFactory
from agent_host.protocols.command import Command
from agent_host.protocols.delivery import DeliveryPlanner
from agent_host.protocols.file_store import FileStore
from agent_host.protocols.identity_registry import PersonRegistry
from agent_host.protocols.identity_resolver import IdentityResolver
from agent_host.protocols.link_desk import LinkDesk
from agent_host.protocols.on_behalf_of import OnBehalfOf
from agent_host.protocols.outbound import Outbound
from agent_host.protocols.pairing import PairingDoor
from agent_host.protocols.people import PersonDirectory
from agent_host.protocols.personal import PersonalPart
from agent_host.protocols.refusal import TellRefused
from agent_host.protocols.run_observer import RunObserver
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.target import Target
from agent_host.protocols.task_runner import TaskRunner
from agent_host.types.checkpoint import Checkpoints
from agent_host.types.inbound import InboundPolicy
from agent_host.types.principal import Owner
from agent_host.types.room_scope import RoomScopes
from agent_host.types.run_policy import RunPolicy
from agent_host.types.session import SessionMode, SessionPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Seams:
    """What the engine is built over."""

    target: Target
    store: StateStore
    files: FileStore
    runner: TaskRunner
    outbound: Outbound
    resolver: IdentityResolver
    authorizer: Authorizer
    access: AccessPolicy | None
    people: PersonRegistry
    directory: PersonDirectory
    rooms: RoomScopes
    run_hook: RunHook | None
    run_policy: RunPolicy
    session_policy: SessionPolicy
    session_mode: SessionMode
    clock: Clock
    ids: IdFactory
    deliveries: DeliveryPlanner
    inbound_policy: InboundPolicy
    tell_refused: TellRefused
    commands: Sequence[Command] = ()
    personal_parts: Sequence[PersonalPart] = ()
    pairing: PairingDoor | None = None
    challenge: str | None = None
    observer: RunObserver | None = None
    desk: LinkDesk | None = None
    on_behalf_of: OnBehalfOf | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The engine, and what tells of runs, to be entered once the store is up, and erasures once
    that is; what channels are given; what admin routes are given; what those are given who send
    answers.
    """

    engine: RunEngine
    follows: FollowDispatcher
    context: ChannelContext
    operator: HostRunOperator
    answers: StoredAnswers
    people: PeopleAssembly


def assemble(seams: Seams) -> Assembly:
    """All of it, nothing of it started."""
    parts = _parts(seams)
    gate = SessionGate(seams.store, seams.session_policy, seams.clock)
    engine = RunEngine(parts, gate)
    turns = TurnMaker(seams.run_hook, checkpoints=_checkpoints(seams, parts))
    background = BackgroundRuns(parts, engine=engine, gate=gate, turns=turns)
    engine.recovers_with(RunRecovery(parts, background=background, live=engine.live))
    book = SessionBook(store=seams.store, records=parts.sessions, clock=seams.clock, ids=seams.ids)

    follow_records = FollowRecords(seams.store, seams.run_policy)
    follows = FollowDispatcher(parts, records=follow_records)

    def follows_of(owner: Owner, channel: str) -> OwnedFollows:
        return OwnedFollows(
            parts,
            records=follow_records,
            dispatcher=follows,
            reader=reader_of(owner),
            owner=owner,
            channel=channel,
        )

    def reader_of(owner: Owner) -> RunReader:
        return RunReader(parts, engine=engine, background=background, owner=owner)

    views = PersonViews(
        reader_of=reader_of,
        book=book,
        sessions=parts.sessions,
        files=seams.files,
        records=ChannelRecords(seams.store, runs=seams.run_policy, sessions=seams.session_policy),
        follows_of=follows_of,
        people=seams.people,
    )
    idempotency = IdempotencyRecords(seams.store, seams.run_policy)
    partitions = PartitionRecords(seams.store, runs=seams.run_policy, sessions=seams.session_policy)
    pipeline = Pipeline(
        accept=AcceptStep(
            engine=engine, records=idempotency, ids=seams.ids, deliveries=seams.deliveries
        ),
        identify=IdentifyStep(seams.resolver, seams.people),
        authorize=AuthorizeStep(
            seams.authorizer,
            policy=seams.access,
            book=seams.people,
            rooms=seams.rooms,
            pairing=seams.pairing,
        ),
        greet=GreetStep(seams.people),
        claim=ClaimStep(idempotency, partitions),
        session=SessionStep(
            book=book,
            gate=gate,
            reader_of=reader_of,
            runs=parts.runs,
            sessions=parts.sessions,
            policy=seams.session_policy,
            mode=seams.session_mode,
        ),
        run=RunStep(
            engine=engine,
            background=background,
            turns=turns,
            gate=gate,
            files=parts.files,
            deliveries=seams.deliveries,
            policy=seams.session_policy,
            capabilities=parts.capabilities,
        ),
        deliver=DeliverStep(runs_of=views.runs, policy=seams.run_policy),
    )
    stop = TurnStop(parts, engine=engine, reader_of=reader_of)
    own = OwnCommands(stop, seams.people)
    linking = () if seams.desk is None else LinkCommands(seams.clock).commands()
    commands = CommandBook((*own.commands(lambda: commands.infos), *linking, *seams.commands))
    desk = CommandDesk(
        commands,
        pipeline=pipeline,
        views=views,
        policy=seams.run_policy,
        link_desk=seams.desk,
    )
    events = EventAcceptance(
        seams.store,
        seams.runner,
        pipeline=pipeline,
        deliveries=seams.deliveries,
        clock=seams.clock,
        ids=seams.ids,
        policy=seams.inbound_policy,
        tell=seams.tell_refused,
        answers=EventAnswers(
            pipeline=pipeline,
            reader_of=reader_of,
            requests=parts.requests,
            idempotency=idempotency,
        ),
    )
    context = ChannelContext(
        parts,
        pipeline=pipeline,
        engine=engine,
        commands=desk,
        reader_of=reader_of,
        follows=follows,
        outbound=seams.outbound,
        events=events,
        views=views,
        challenge=seams.challenge,
        desk=seams.desk,
    )
    operator = HostRunOperator(parts, engine=engine, reader_of=reader_of)
    people = assemble_people(
        parts,
        files=seams.files,
        registry=seams.people,
        directory=seams.directory,
        personal_parts=seams.personal_parts,
        partitions=partitions,
        stop=stop,
    )
    return Assembly(
        engine=engine,
        follows=follows,
        context=context,
        operator=operator,
        answers=StoredAnswers(parts),
        people=people,
    )


def _parts(seams: Seams) -> EngineParts:
    files = FileKeeper(seams.files)
    return EngineParts(
        target=seams.target,
        capabilities=capabilities_on(seams.target.capabilities, seams.store),
        store=seams.store,
        runner=seams.runner,
        runs=RunRecords(seams.store, seams.run_policy),
        run_index=RunIndex(seams.store, seams.run_policy),
        journals=JournalRecords(seams.store, seams.run_policy, files),
        sessions=SessionRecords(seams.store, seams.session_policy, files),
        requests=RequestRecords(seams.store, files),
        files=files,
        live_runs=LiveRunRecords(seams.store),
        policy=seams.run_policy,
        clock=seams.clock,
        ids=seams.ids,
        instance=seams.ids.new("prc_"),
        observer=seams.observer,
        deliveries=seams.deliveries,
        on_behalf_of=seams.on_behalf_of,
    )


def _checkpoints(seams: Seams, parts: EngineParts) -> Callable[[Owner], Checkpoints] | None:
    if not parts.capabilities.checkpoints:
        return None
    time_to_live = max(
        seams.run_policy.retention,
        seams.run_policy.answer_time_limit,
        seams.session_policy.time_to_live,
    )
    return lambda owner: OwnedCheckpoints(seams.store, owner, time_to_live)


__all__ = ["Assembly", "Seams", "assemble"]
