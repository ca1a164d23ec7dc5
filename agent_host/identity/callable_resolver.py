"""An app's own word on who people are: a function, in the place of derived keys."""

import inspect
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias, cast

from agent_host.errors import DeniedError
from agent_host.identity.key import derive_key
from agent_host.protocols.identity_resolver import IdentityResolver
from agent_host.types.identifier import IsolationKey
from agent_host.types.principal import ChannelIdentity, Principal

NameOfPerson: TypeAlias = Callable[
    [ChannelIdentity | Principal], str | Awaitable[str | None] | None
]
"""Says an app's own id of a person, the same one each time; None refuses them. A blocking function
holds up everybody: make it `async`.
"""

logger = logging.getLogger(__name__)

_REFUSED: Final = "You do not have access to this agent."


class CallableIdentityResolver:
    """Two that the function gives one id, within a tenant, are one person from the start.

    Its ids are hashed into keys, so that they never meet a key of another origin. A function that
    raises refuses as well, and is logged.
    """

    __slots__ = ("_name",)

    def __init__(self, name: NameOfPerson) -> None:
        self._name = name

    async def resolve_identity(self, identity: ChannelIdentity) -> IsolationKey:
        """From the app's id of whoever a channel saw.

        Raises:
            DeniedError: the app knows no such person.
        """
        return await self._resolve(identity)

    async def resolve_principal(self, principal: Principal) -> IsolationKey:
        """From the app's id of the caller.

        Raises:
            DeniedError: the app knows no such person.
        """
        return await self._resolve(principal)

    async def _resolve(self, who: ChannelIdentity | Principal) -> IsolationKey:
        try:
            name = self._name(who)
            if inspect.isawaitable(name):
                name = await name
        except DeniedError:
            raise
        except Exception as error:
            logger.exception("the identity resolver failed; the caller is denied")
            raise DeniedError(_REFUSED, "resolver_failed") from error
        if not isinstance(name, str) or not name:
            raise DeniedError(_REFUSED, "unknown_person")
        return derive_key("app", who.tenant, name)


def as_resolver(given: IdentityResolver | NameOfPerson) -> IdentityResolver:
    """A resolver, or one around a function."""
    part: object = given
    if hasattr(part, "resolve_identity"):
        return cast("IdentityResolver", part)
    return CallableIdentityResolver(cast("NameOfPerson", part))


__all__ = ["CallableIdentityResolver", "NameOfPerson", "as_resolver"]
