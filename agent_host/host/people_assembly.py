"""Wires what operators have of people: what is known of them, handed out and erased."""

from collections.abc import Sequence
from typing import NamedTuple

from agent_host.host.erasure.erasure import Erasures
from agent_host.host.erasure.export import Export
from agent_host.host.erasure.holding import StoredHoldings
from agent_host.host.erasure.subject import Subjects
from agent_host.host.people_operator import HostPeopleOperator
from agent_host.host.record.partition_record import PartitionRecords
from agent_host.host.run.part import EngineParts
from agent_host.host.run.turn_stop import TurnStop
from agent_host.protocols.file_store import FileStore
from agent_host.protocols.identity_registry import PersonRegistry
from agent_host.protocols.people import PersonDirectory
from agent_host.protocols.personal import PersonalPart


class PeopleAssembly(NamedTuple):
    """Erasures, to be entered once the engine is up; what admin routes are given."""

    erasures: Erasures
    operator: HostPeopleOperator


def assemble_people(
    parts: EngineParts,
    *,
    files: FileStore,
    registry: PersonRegistry,
    directory: PersonDirectory,
    personal_parts: Sequence[PersonalPart],
    partitions: PartitionRecords,
    stop: TurnStop,
) -> PeopleAssembly:
    """All of it, nothing of it started."""
    subjects = Subjects(
        registry=registry,
        book=registry,
        partitions=partitions,
        stored=StoredHoldings(parts.store),
        parts=personal_parts,
    )
    erasures = Erasures(parts, files=files, subjects=subjects, stop=stop)
    operator = HostPeopleOperator(
        directory=directory,
        registry=registry,
        subjects=subjects,
        erasures=erasures,
        export=Export(store=parts.store, runner=parts.runner, files=files, subjects=subjects),
    )
    return PeopleAssembly(erasures=erasures, operator=operator)


__all__ = ["PeopleAssembly", "assemble_people"]
