"""Wires the engine: repositories, gate, runs and pipeline over a store and a runner."""

from dataclasses import dataclass

from agent_host.host.context import ChannelContext
from agent_host.host.operator import HostRunOperator
from agent_host.host.pipeline.accept import AcceptStep
from agent_host.host.pipeline.authorize import AuthorizeStep
from agent_host.host.pipeline.deliver import DeliverStep
from agent_host.host.pipeline.identify import IdentifyStep
from agent_host.host.pipeline.pipeline import Pipeline
from agent_host.host.pipeline.run import RunStep
from agent_host.host.pipeline.session import SessionStep
from agent_host.host.record.idempotency_record import IdempotencyRecords
from agent_host.host.record.journal_record import JournalRecords
from agent_host.host.record.live_record import LiveRunRecords
from agent_host.host.record.request_record import RequestRecords
from agent_host.host.record.run_index import RunIndex
from agent_host.host.record.run_record import RunRecords
from agent_host.host.record.session_record import SessionRecords
from agent_host.host.run.background import BackgroundRuns
from agent_host.host.run.engine import RunEngine
from agent_host.host.run.part import EngineParts
from agent_host.host.run.reader import RunReader
from agent_host.host.run.recovery import RunRecovery
from agent_host.host.run.turn_maker import TurnMaker
from agent_host.host.session.book import SessionBook
from agent_host.host.session.gate import SessionGate
from agent_host.protocols.authorizer import Authorizer
from agent_host.protocols.behavior import RunHook
from agent_host.protocols.clock import Clock, IdFactory
from agent_host.protocols.identity_resolver import IdentityResolver
from agent_host.protocols.state_store import StateStore
from agent_host.protocols.target import Target
from agent_host.protocols.task_runner import TaskRunner
from agent_host.types.principal import Owner
from agent_host.types.run_policy import RunPolicy
from agent_host.types.session import SessionMode, SessionPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Seams:
    """What the engine is built over."""

    target: Target
    store: StateStore
    runner: TaskRunner
    resolver: IdentityResolver
    authorizer: Authorizer
    run_hook: RunHook | None
    run_policy: RunPolicy
    session_policy: SessionPolicy
    session_mode: SessionMode
    clock: Clock
    ids: IdFactory


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The engine, to be entered once the store is up; what channels are given; what admin routes
    are given.
    """

    engine: RunEngine
    context: ChannelContext
    operator: HostRunOperator


def assemble(seams: Seams) -> Assembly:
    """All of it, nothing of it started."""
    parts = _parts(seams)
    gate = SessionGate(seams.store, seams.session_policy, seams.clock)
    engine = RunEngine(parts, gate)
    turns = TurnMaker(seams.run_hook)
    background = BackgroundRuns(parts, engine=engine, gate=gate, turns=turns)
    engine.recovers_with(RunRecovery(parts, background=background, live=engine.live))
    book = SessionBook(store=seams.store, records=parts.sessions, clock=seams.clock, ids=seams.ids)

    def reader_of(owner: Owner) -> RunReader:
        return RunReader(parts, engine=engine, background=background, owner=owner)

    pipeline = Pipeline(
        accept=AcceptStep(
            engine=engine,
            records=IdempotencyRecords(seams.store, seams.run_policy),
            ids=seams.ids,
        ),
        identify=IdentifyStep(seams.resolver),
        authorize=AuthorizeStep(seams.authorizer),
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
            policy=seams.session_policy,
            capabilities=parts.capabilities,
        ),
        deliver=DeliverStep(reader_of=reader_of, policy=seams.run_policy),
    )
    context = ChannelContext(
        parts, pipeline=pipeline, engine=engine, book=book, reader_of=reader_of
    )
    operator = HostRunOperator(parts, engine=engine, reader_of=reader_of)
    return Assembly(engine=engine, context=context, operator=operator)


def _parts(seams: Seams) -> EngineParts:
    return EngineParts(
        target=seams.target,
        capabilities=seams.target.capabilities,
        store=seams.store,
        runner=seams.runner,
        runs=RunRecords(seams.store, seams.run_policy),
        run_index=RunIndex(seams.store, seams.run_policy),
        journals=JournalRecords(seams.store, seams.run_policy),
        sessions=SessionRecords(seams.store, seams.session_policy),
        requests=RequestRecords(seams.store),
        live_runs=LiveRunRecords(seams.store),
        policy=seams.run_policy,
        clock=seams.clock,
        ids=seams.ids,
        instance=seams.ids.new("prc_"),
    )


__all__ = ["Assembly", "Seams", "assemble"]
