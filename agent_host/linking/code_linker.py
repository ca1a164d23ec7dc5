"""Links two channels by a code that is shown on one and typed on the other.

Kept is a slow hash of the code, under its tenant: a code of another tenant is as wrong as any.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from agent_host.errors import ConflictError, LinkStepError
from agent_host.linking.code import CodeForm, new_code, read_code, slow_digest
from agent_host.linking.party_record import from_json, name_of, to_json
from agent_host.protocols.channel import ChannelRoute
from agent_host.protocols.linker import LinkContext
from agent_host.types.identifier import LINK_PREFIX, LinkId
from agent_host.types.identity import LinkParty
from agent_host.types.json import JsonObject
from agent_host.types.link import LinkOffer, LinkRequest
from agent_host.types.principal import ChannelIdentity, Principal
from agent_host.types.store import ABSENT

NAME: Final = "code"
LIFETIME: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePolicy:
    """What codes look like and how long one can be used."""

    form: CodeForm = CodeForm.SHORT
    lifetime: timedelta = LIFETIME


class CodeLinker:
    """The `Linker` of one-time codes. An identity has one code at a time, a code one use."""

    def __init__(self, policy: CodePolicy | None = None) -> None:
        self._policy = policy or CodePolicy()
        self._context: LinkContext | None = None

    @property
    def name(self) -> str:
        """`code`."""
        return NAME

    @property
    def proves_claims(self) -> bool:
        """No: who types a code is who typed it."""
        return False

    def routes(self) -> Sequence[ChannelRoute]:
        """None: both sides are channels."""
        return ()

    @asynccontextmanager
    async def lifespan(self, context: LinkContext) -> AsyncGenerator[None]:
        """Nothing has to be open."""
        self._context = context
        yield
        self._context = None

    async def begin(self, initiator: LinkParty) -> LinkOffer:
        """A new code; the former one is good no more."""
        context, lifetime = self._given, self._policy.lifetime
        identity = initiator.identity
        await self.unlink(initiator)
        code = new_code(self._policy.form)
        digest = await self._digest(code, identity.tenant)
        link_id = LinkId(context.ids.new(LINK_PREFIX))
        expires_at = context.clock.now() + lifetime
        offer: JsonObject = {
            "id": link_id,
            "initiator": to_json(initiator),
            "expires_at": expires_at.isoformat(),
        }
        storage = context.storage
        tenant, opened = identity.tenant, {"digest": digest}
        await storage.put(tenant, _offer(digest), offer, time_to_live=lifetime, expect=ABSENT)
        await storage.put(tenant, _open(identity), opened, time_to_live=lifetime)
        return LinkOffer(id=link_id, linker=NAME, expires_at=expires_at, code=code)

    async def complete(self, claimant: LinkParty, answer: str) -> LinkRequest:
        """Use the code, once."""
        context, tenant = self._given, claimant.identity.tenant
        if read_code(answer, self._policy.form) is None:
            raise LinkStepError
        digest = await self._digest(answer, tenant)
        found = await context.storage.get(tenant, _offer(digest))
        if found is None:
            raise LinkStepError
        initiator = from_json(found.value["initiator"])
        over = context.clock.now() >= datetime.fromisoformat(str(found.value["expires_at"]))
        if over or initiator.identity == claimant.identity:
            raise LinkStepError
        try:
            await context.storage.delete(tenant, _offer(digest), expect=found.version)
        except ConflictError:
            raise LinkStepError from None  # another was faster
        link_id = LinkId(str(found.value["id"]))
        return await context.propose(link_id, initiator=initiator, claimant=claimant)

    async def resolve(self, claims: JsonObject, *, tenant: str) -> Principal | None:
        """A code proves nothing that anybody could prove again."""
        del claims, tenant
        return None

    async def unlink(self, party: LinkParty) -> None:
        """Its open code is good no more."""
        storage, identity = self._given.storage, party.identity
        opened = await storage.get(identity.tenant, _open(identity))
        if opened is not None:
            await storage.delete(identity.tenant, _offer(str(opened.value["digest"])))
            await storage.delete(identity.tenant, _open(identity))

    async def _digest(self, code: str, tenant: str) -> str:
        text = read_code(code, self._policy.form) or ""
        return await asyncio.to_thread(slow_digest, text, NAME, tenant)

    @property
    def _given(self) -> LinkContext:
        if self._context is None:
            message = "the linker of codes is not open"
            raise RuntimeError(message)
        return self._context


def _offer(digest: str) -> str:
    return f"offer.{digest}"


def _open(identity: ChannelIdentity) -> str:
    return f"open.{name_of(identity)}"


__all__ = ["LIFETIME", "NAME", "CodeLinker", "CodePolicy"]
