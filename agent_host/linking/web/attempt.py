"""Sign-ins on their way, as they are kept: offered, started by a browser, checked, proved.

Each change is made over the version that was read, so that every step is taken once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, cast

from agent_host.errors import ConflictError, LinkStepError
from agent_host.linking.party_record import from_json, name_of, to_json
from agent_host.linking.web.browser import Reference
from agent_host.protocols.linker import LinkContext
from agent_host.types.identifier import LinkId
from agent_host.types.identity import LinkParty
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.store import ABSENT

LIFETIME: Final = timedelta(minutes=10)


class Stage(StrEnum):
    """How far it has come. There is no way back."""

    OFFERED = "offered"
    STARTED = "started"
    CHECKED = "checked"
    PROVED = "proved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One sign-in. `browser` is the digest of its secret, `kept` the provider's, `proved` what it
    led to.
    """

    id: LinkId
    initiator: LinkParty
    expires_at: datetime
    stage: Stage = Stage.OFFERED
    browser: str = ""
    kept: JsonObject = field(default_factory=dict[str, JsonValue])
    proved: JsonObject = field(default_factory=dict[str, JsonValue])
    version: int = ABSENT


class Attempts:
    """Those of one linker."""

    def __init__(self, context: LinkContext) -> None:
        self._storage = context.storage
        self._clock = context.clock

    async def offer(self, reference: Reference, attempt: Attempt) -> None:
        """Keep a new one, and that it is its initiator's."""
        opened = _opened(name_of(attempt.initiator.identity))
        await self._storage.put(
            reference.tenant, opened, {"name": reference.name}, time_to_live=LIFETIME
        )
        await self._put(reference, attempt)

    async def withdraw(self, party: LinkParty) -> None:
        """Forget what this initiator began."""
        tenant, name = party.identity.tenant, _opened(name_of(party.identity))
        opened = await self._storage.get(tenant, name)
        if opened is not None:
            await self._storage.delete(tenant, _attempt(str(opened.value["name"])))
            await self._storage.delete(tenant, name)

    async def get(self, reference: Reference | None, *stages: Stage) -> Attempt:
        """One that is at one of these stages.

        Raises:
            LinkStepError: there is none.
        """
        if reference is None:
            raise LinkStepError
        found = await self._storage.get(reference.tenant, _attempt(reference.name))
        if found is None:
            raise LinkStepError
        attempt = _from_json(found.value, found.version)
        if attempt.stage not in stages or self._clock.now() >= attempt.expires_at:
            raise LinkStepError
        return attempt

    async def advance(self, reference: Reference, attempt: Attempt, stage: Stage) -> Attempt:
        """Take it to a stage; as it is then.

        Raises:
            LinkStepError: somebody else took a step meanwhile.
        """
        moved = replace(attempt, stage=stage)
        try:
            await self._put(reference, moved)
        except ConflictError:
            raise LinkStepError from None
        return replace(moved, version=attempt.version + 1)

    async def use_up(self, reference: Reference, attempt: Attempt) -> None:
        """Take the last step.

        Raises:
            LinkStepError: somebody else did.
        """
        try:
            await self._storage.delete(
                reference.tenant, _attempt(reference.name), expect=attempt.version
            )
        except ConflictError:
            raise LinkStepError from None

    async def _put(self, reference: Reference, attempt: Attempt) -> None:
        await self._storage.put(
            reference.tenant,
            _attempt(reference.name),
            _to_json(attempt),
            time_to_live=LIFETIME,
            expect=attempt.version,
        )


def _to_json(attempt: Attempt) -> JsonObject:
    return {
        "id": attempt.id,
        "initiator": to_json(attempt.initiator),
        "expires_at": attempt.expires_at.isoformat(),
        "stage": attempt.stage.value,
        "browser": attempt.browser,
        "kept": attempt.kept,
        "proved": attempt.proved,
    }


def _from_json(value: Mapping[str, JsonValue], version: int) -> Attempt:
    return Attempt(
        id=LinkId(str(value["id"])),
        initiator=from_json(value["initiator"]),
        expires_at=datetime.fromisoformat(str(value["expires_at"])),
        stage=Stage(str(value["stage"])),
        browser=str(value["browser"]),
        kept=cast("JsonObject", value["kept"]),
        proved=cast("JsonObject", value["proved"]),
        version=version,
    )


def _attempt(name: str) -> str:
    return f"attempt.{name}"


def _opened(name: str) -> str:
    return f"open.{name}"


__all__ = ["LIFETIME", "Attempt", "Attempts", "Stage"]
