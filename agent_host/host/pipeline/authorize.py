"""Step 3: may they, and in which partition? Default deny: only an `Allowed` lets the call go on."""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from agent_host.host.person.holding import Holding
from agent_host.host.pipeline.exchange import Exchange, given
from agent_host.host.pipeline.refusal import refusal_of
from agent_host.protocols.access_policy import AccessPolicy
from agent_host.protocols.authorizer import Authorizer
from agent_host.protocols.identity_registry import IdentityBook
from agent_host.protocols.pairing import PairingDoor
from agent_host.types.conversation_scope import is_room
from agent_host.types.decision import UNLISTED, Allowed, Decision, Denied, LinkRequired
from agent_host.types.identifier import IsolationKey
from agent_host.types.identity import VERIFIER_SOURCE, IdentityBinding, identity_of
from agent_host.types.principal import Owner
from agent_host.types.request import Caller
from agent_host.types.room_scope import RoomScopes
from agent_host.types.visitor import Visitor

logger = logging.getLogger(__name__)

Narrowing: TypeAlias = Callable[[IsolationKey], IsolationKey]


class AuthorizeStep:
    """Asks the host's access policy and the authorizer, for every operation of every channel.

    `policy` None is one that allows everybody. `pairing` is for those whom it does not know.
    """

    def __init__(
        self,
        authorizer: Authorizer,
        *,
        policy: AccessPolicy | None,
        book: IdentityBook,
        rooms: RoomScopes,
        pairing: PairingDoor | None = None,
    ) -> None:
        self._authorizer = authorizer
        self._policy = policy
        self._book = book
        self._rooms = rooms
        self._pairing = pairing

    async def __call__(self, exchange: Exchange) -> None:
        """Go on, under the key that the decision names; inside of it where the turn is in a room,
        or where a platform says whom it speaks for, so that linking cannot bring its people
        together.

        Raises:
            DeniedError: the policy or the authorizer said no, or failed.
            LinkRequiredError: the identity must be linked first.
        """
        if self._policy is not None:
            decision = await self._decide_by_policy(self._policy, exchange)
            if self._pairing is not None and isinstance(decision, Denied):
                decision = await self._invite(self._pairing, decision, exchange.caller)
            self._check(exchange, decision)
        allowed_key = self._check(exchange, await self._decide(exchange)).isolation_key
        narrow = self._narrowing(exchange)
        key = allowed_key if narrow is None else narrow(allowed_key)
        tenant = given(exchange.principal).tenant
        if allowed_key == given(exchange.person).isolation_key:
            caller = exchange.caller
            shared = self._rooms.is_shared(caller.conversation, channel=caller.channel)
            exchange.is_made_of_person = key != allowed_key and not shared
        if key != exchange.isolation_key:
            exchange.isolation_key = key
            exchange.owner = Owner(tenant=tenant, isolation_key=key)
        if self._book.has_links:
            exchange.holding = Holding(
                given(exchange.owner),
                person=Owner(tenant=tenant, isolation_key=allowed_key),
                book=self._book,
                narrow=narrow or _as_it_is,
            )

    async def _invite(self, pairing: PairingDoor, denied: Denied, caller: Caller) -> Denied:
        """Let somebody whom no list names ask an operator, where they alone read how."""
        if denied.reason_code not in UNLISTED or is_room(caller.conversation):
            return denied
        if caller.identity is None:
            return denied
        try:
            invitation = await pairing.invite(caller.identity)
        except Exception:
            logger.exception("pairing failed; the caller is denied as everybody is")
            return denied
        return denied if invitation is None else replace(denied, user_message=invitation)

    def _narrowing(self, exchange: Exchange) -> Narrowing | None:
        isolation = exchange.isolation
        if not is_room(exchange.caller.conversation):
            return None if isolation is None else isolation.within
        in_room = partial(_in_room, self._rooms, exchange.caller)
        if isolation is None:
            return in_room
        return lambda key: isolation.within(in_room(key))

    def _check(self, exchange: Exchange, decision: Decision) -> Allowed:
        match decision:
            case Allowed():
                return decision
            case LinkRequired():
                raise refusal_of(decision, exchange.caller)
            case Denied(reason_code=reason_code):
                logger.info("denied on %s: %s", exchange.caller.channel, reason_code)
                raise refusal_of(decision, exchange.caller)

    async def _decide_by_policy(self, policy: AccessPolicy, exchange: Exchange) -> Decision:
        try:
            return await policy.decide(_visitor(exchange))
        except Exception:
            logger.exception("the access policy failed; the caller is denied")
            return Denied(reason_code="access_policy_failed")

    async def _decide(self, exchange: Exchange) -> Decision:
        try:
            return await self._authorizer.authorize(
                exchange.caller,
                principal=given(exchange.principal),
                isolation_key=given(exchange.isolation_key),
            )
        except Exception:
            logger.exception("the authorizer failed; the caller is denied")
            return Denied(reason_code="authorizer_failed")


def _visitor(exchange: Exchange) -> Visitor:
    principal, caller = given(exchange.principal), exchange.caller
    binding = exchange.binding or IdentityBinding(isolation_key=given(exchange.isolation_key))
    by_verifier = caller.identity is None and bool(principal.claims)
    return Visitor(
        channel=caller.channel,
        identity=caller.identity or identity_of(principal),
        binding=binding,
        verified_claims=principal.claims if by_verifier else binding.verified_claims,
        claim_source=VERIFIER_SOURCE if by_verifier else binding.claim_source,
        conversation=caller.conversation,
    )


def _in_room(rooms: RoomScopes, caller: Caller, key: IsolationKey) -> IsolationKey:
    return rooms.narrow(key, caller.conversation, channel=caller.channel, account=caller.account)


def _as_it_is(key: IsolationKey) -> IsolationKey:
    return key


__all__ = ["AuthorizeStep"]
