"""The list with everybody on it."""

from agent_host.protocols.access_policy import Allowlist
from agent_host.types.visitor import Verdict, Visitor


class AllowAll:
    """Allows everybody."""

    __slots__ = ()

    @property
    def parts(self) -> tuple[Allowlist, ...]:
        """None."""
        return ()

    async def judge(self, visitor: Visitor) -> Verdict:
        """Yes."""
        del visitor
        return Verdict.ALLOW


__all__ = ["AllowAll"]
