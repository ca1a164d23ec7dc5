"""Step 2: who is this, and which partition of storage is theirs?"""

import logging

from agent_host.context import current_isolation, current_principal
from agent_host.errors import DeniedError, UnauthenticatedError
from agent_host.host.pipeline.exchange import Exchange
from agent_host.host.pipeline.refusal import refusal_of
from agent_host.protocols.identity_registry import IdentityBook
from agent_host.protocols.identity_resolver import IdentityResolver
from agent_host.types.decision import Denied
from agent_host.types.identifier import IsolationKey
from agent_host.types.principal import ChannelIdentity, Owner, Principal
from agent_host.types.quick_init import maker
from agent_host.types.request import Caller

logger = logging.getLogger(__name__)


class IdentifyStep:
    """A channel's identity, else the principal that the host's authenticator named; and whose it
    is, where anybody can be linked.
    """

    def __init__(self, resolver: IdentityResolver, book: IdentityBook) -> None:
        self._resolver = resolver
        self._book = book

    async def __call__(self, exchange: Exchange) -> None:
        """Set principal, person, isolation key and owner.

        Raises:
            UnauthenticatedError: neither a channel nor an authenticator says who is calling.
            DeniedError: the resolver knows no such person.
        """
        caller = exchange.caller
        identity = caller.identity
        if identity is not None:
            _check_voucher(caller, identity)
            principal = Principal(id=identity.native_id, kind="channel", tenant=identity.tenant)
        else:
            known = current_principal.get()
            if known is None:
                message = "Nobody says who is calling."
                raise UnauthenticatedError(message)
            principal = known
        exchange.principal = principal
        exchange.isolation = current_isolation.get()
        key = exchange.natural_key = await self._resolve(caller, principal)
        if self._book.has_links:
            exchange.binding = await self._book.bind(principal.tenant, key)
            key = exchange.binding.isolation_key
        exchange.isolation_key = key
        exchange.person = exchange.owner = _make_owner(tenant=principal.tenant, isolation_key=key)

    async def _resolve(self, caller: Caller, principal: Principal) -> IsolationKey:
        try:
            if caller.identity is not None:
                return await self._resolver.resolve_identity(caller.identity)
            return await self._resolver.resolve_principal(principal)
        except DeniedError as error:
            logger.info("denied on %s: %s", caller.channel, error.reason_code)
            denied = Denied(reason_code=error.reason_code, user_message=error.private_text)
            raise refusal_of(denied, caller) from error


def _check_voucher(caller: Caller, identity: ChannelIdentity) -> None:
    """A channel vouches for whom it sees itself, and for nobody that another one would see.

    Raises:
        UnauthenticatedError: it names somebody of another channel.
    """
    if identity.channel != caller.channel:
        logger.error("channel %s named somebody of another channel", caller.channel)
        raise UnauthenticatedError("Nobody says who is calling.")


_make_owner = maker(Owner)

__all__ = ["IdentifyStep"]
