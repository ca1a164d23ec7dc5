"""What is kept of somebody whose link is on its way, for their export and erasure.

Looked for on every host: what an earlier configuration left is theirs as well, for some minutes.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Final

import orjson

from agent_host.linking.party_record import name_of
from agent_host.linking.storage import COLLECTION, DESK, partition_of
from agent_host.protocols.state_store import StateStore
from agent_host.types.identity import KnownIdentity
from agent_host.types.personal import Holding
from agent_host.types.principal import Owner

_CODE: Final = "code"
_PAGE: Final = 200


class KeptLinkSteps:
    """A `PersonalPart`. Steps expire within minutes, so that all there are can be looked at."""

    def __init__(self, store: StateStore, linkers: Sequence[str]) -> None:
        self._store = store
        self._linkers = tuple(dict.fromkeys((*linkers, _CODE, DESK)))

    async def holdings(
        self, person: Owner, identities: Sequence[KnownIdentity]
    ) -> AsyncIterator[Holding]:
        """Steps that are named after one of their identities, or speak of one."""
        names = {name_of(known.identity) for known in identities}
        keys = {person.isolation_key, *(known.natural_key for known in identities)}
        marks = [orjson.dumps(key)[1:-1] for key in keys]  # as JSON has it
        for linker in self._linkers:
            after: str | None = None
            while page := await self._store.scan(
                COLLECTION, partition_of(person.tenant, linker), after=after, limit=_PAGE
            ):
                after = page[-1].key.id
                for record in page:
                    if record.key.id in names or any(mark in record.value for mark in marks):
                        yield Holding(record.key)


__all__ = ["KeptLinkSteps"]
