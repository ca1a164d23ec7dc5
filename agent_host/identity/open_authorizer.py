"""No authorization: whoever was identified may do everything, within their own partition."""

from agent_host.types.decision import Allowed, Decision
from agent_host.types.identifier import IsolationKey
from agent_host.types.principal import Principal
from agent_host.types.quick_init import maker
from agent_host.types.request import Caller


class OpenAuthorizer:
    """Allows everyone. Records stay apart by isolation key all the same."""

    __slots__ = ()

    async def authorize(
        self, caller: Caller, *, principal: Principal, isolation_key: IsolationKey
    ) -> Decision:
        """Allowed, under the key that the identity resolver gave."""
        del caller, principal
        return _make_allowed(isolation_key=isolation_key)


_make_allowed = maker(Allowed)

__all__ = ["OpenAuthorizer"]
