"""What a host keeps of one person, and the receipt for its erasure. Ids and counts, no content."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from agent_host.types.identifier import IsolationKey
from agent_host.types.identity import KnownIdentity
from agent_host.types.principal import Owner
from agent_host.types.store import Key


class Holding(NamedTuple):
    """A place in the store where something of a person is: a record, or a stream."""

    key: Key
    is_stream: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson:
    """A person as an operator sees them. `partitions` are the keys under which something of theirs
    may be: their own first, then those that came with linked identities, or that rooms made of
    them.
    """

    owner: Owner
    identities: tuple[KnownIdentity, ...] = ()
    partitions: tuple[IsolationKey, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureReceipt:
    """That somebody was erased, without a word on who. `erased` counts by collection; files and
    tasks are `file` and `task`. `finished_at` is None while it goes on.
    """

    id: str
    started_at: datetime
    finished_at: datetime | None = None
    erased: Mapping[str, int] = field(default_factory=dict[str, int])


__all__ = ["ErasureReceipt", "Holding", "KnownPerson"]
