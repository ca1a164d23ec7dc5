"""Links that were claimed and wait for their initiator: one for each initiator, used up once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, cast

from agent_host.errors import ConflictError
from agent_host.linking.party_record import from_json, name_of, to_json
from agent_host.protocols.clock import Clock
from agent_host.protocols.linker import LinkStorage
from agent_host.types.identifier import LinkId
from agent_host.types.identity import LinkParty
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.principal import ChannelIdentity

LIFETIME: Final = timedelta(minutes=10)
TRIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingLink:
    """`version` is the record's, for the one who takes it."""

    id: LinkId
    linker: str
    initiator: LinkParty
    claimant: LinkParty
    claimant_shown: str
    number_digest: str
    expires_at: datetime
    tries_left: int = TRIES
    version: int = 0


class WaitingLinks:
    """By initiator; a pointer leads there from each claimant."""

    def __init__(self, storage: LinkStorage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    async def put(self, waiting: WaitingLink) -> None:
        """Keep it, in place of what the initiator had waiting before."""
        initiator, claimant = waiting.initiator.identity, waiting.claimant.identity
        await self._storage.put(
            claimant.tenant,
            _claim(claimant),
            {"initiator": to_json(waiting.initiator), "id": waiting.id},
            time_to_live=LIFETIME,
        )
        await self._storage.put(
            initiator.tenant, _waiting(initiator), _to_json(waiting), time_to_live=LIFETIME
        )

    async def get(self, initiator: ChannelIdentity) -> WaitingLink | None:
        """What waits for this initiator."""
        found = await self._storage.get(initiator.tenant, _waiting(initiator))
        if found is None:
            return None
        waiting = _from_json(found.value, found.version)
        return None if self._clock.now() >= waiting.expires_at else waiting

    async def take(self, waiting: WaitingLink) -> bool:
        """Use it up; whether we were the one who did."""
        initiator = waiting.initiator.identity
        try:
            await self._storage.delete(
                initiator.tenant, _waiting(initiator), expect=waiting.version
            )
        except ConflictError:
            return False
        claimant = waiting.claimant.identity
        await self._storage.delete(claimant.tenant, _claim(claimant))
        return True

    async def count_try(self, waiting: WaitingLink) -> bool:
        """A wrong number was said; False where another step came between."""
        left = waiting.tries_left - 1
        if not left:
            return await self.take(waiting)
        initiator = waiting.initiator.identity
        try:
            await self._storage.put(
                initiator.tenant,
                _waiting(initiator),
                _to_json(replace(waiting, tries_left=left)),
                time_to_live=LIFETIME,
                expect=waiting.version,
            )
        except ConflictError:
            return False
        return True

    async def find(self, identity: ChannelIdentity) -> WaitingLink | None:
        """What this identity has a part in, on either side."""
        waiting = await self.get(identity)
        if waiting is not None:
            return waiting
        claim = await self._storage.get(identity.tenant, _claim(identity))
        if claim is None:
            return None
        waiting = await self.get(from_json(claim.value["initiator"]).identity)
        return waiting if waiting is not None and waiting.id == claim.value["id"] else None


def _to_json(waiting: WaitingLink) -> JsonObject:
    return {
        "id": waiting.id,
        "linker": waiting.linker,
        "initiator": to_json(waiting.initiator),
        "claimant": to_json(waiting.claimant),
        "claimant_shown": waiting.claimant_shown,
        "number_digest": waiting.number_digest,
        "expires_at": waiting.expires_at.isoformat(),
        "tries_left": waiting.tries_left,
    }


def _from_json(value: Mapping[str, JsonValue], version: int) -> WaitingLink:
    return WaitingLink(
        id=LinkId(str(value["id"])),
        linker=str(value["linker"]),
        initiator=from_json(value["initiator"]),
        claimant=from_json(value["claimant"]),
        claimant_shown=str(value["claimant_shown"]),
        number_digest=str(value["number_digest"]),
        expires_at=datetime.fromisoformat(str(value["expires_at"])),
        tries_left=cast("int", value["tries_left"]),
        version=version,
    )


def _waiting(identity: ChannelIdentity) -> str:
    return f"waiting.{name_of(identity)}"


def _claim(identity: ChannelIdentity) -> str:
    return f"claim.{name_of(identity)}"


__all__ = ["LIFETIME", "TRIES", "WaitingLink", "WaitingLinks"]
