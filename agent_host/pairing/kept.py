"""Requests of a person's identities to be let in, and what was said, for export and erasure.

Looked for on every host: what an earlier configuration left is theirs as well.
"""

import logging
from collections.abc import AsyncIterator, Sequence

from agent_host.errors import UnreadableRecordError
from agent_host.pairing.record import CODE, DECISION, REQUEST, REQUEST_CODEC, WHOLE, pairing_id
from agent_host.protocols.state_store import StateStore
from agent_host.types.identity import KnownIdentity
from agent_host.types.personal import Holding
from agent_host.types.principal import Owner
from agent_host.types.store import Key, Record

logger = logging.getLogger(__name__)


class KeptPairings:
    """A `PersonalPart`."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    async def holdings(
        self, person: Owner, identities: Sequence[KnownIdentity]
    ) -> AsyncIterator[Holding]:
        """Whatever there is, the code of a request before it."""
        del person
        for known in identities:
            found = pairing_id(known.identity)
            request = Key(REQUEST, known.identity.channel, found)
            waiting = await self._store.get(request)
            if waiting is not None:
                code = _code_of(waiting)
                if code is not None and await self._store.get(code) is not None:
                    yield Holding(code)
                yield Holding(request)
            decision = Key(DECISION, WHOLE, found)
            if await self._store.get(decision) is not None:
                yield Holding(decision)


def _code_of(request: Record) -> Key | None:
    try:
        return Key(CODE, WHOLE, REQUEST_CODEC.decode(request.value).code_digest)
    except UnreadableRecordError as error:
        # Its code says nothing of anybody without it, and expires.
        logger.error("pairing request %s: %s", request.key.id, error.code)  # noqa: TRY400
        return None


__all__ = ["KeptPairings"]
