"""Several lists as one."""

from collections.abc import Sequence

from agent_host.protocols.access_policy import Allowlist
from agent_host.types.visitor import Verdict, Visitor


class AnyOf:
    """One that allows is enough. Else one that abstains keeps the question open; only where all
    deny is it a no.
    """

    __slots__ = ("_lists",)

    def __init__(self, *lists: Allowlist) -> None:
        self._lists = lists

    @property
    def parts(self) -> Sequence[Allowlist]:
        """The lists, in the order in which they are asked."""
        return self._lists

    async def judge(self, visitor: Visitor) -> Verdict:
        """Ask until one allows."""
        verdict = Verdict.DENY
        for one in self._lists:
            match await one.judge(visitor):
                case Verdict.ALLOW:
                    return Verdict.ALLOW
                case Verdict.ABSTAIN:
                    verdict = Verdict.ABSTAIN
                case Verdict.DENY:
                    pass
        return verdict


class AllOf:
    """All must allow: one that denies is a no, and one that abstains leaves the question open."""

    __slots__ = ("_lists",)

    def __init__(self, *lists: Allowlist) -> None:
        self._lists = lists

    @property
    def parts(self) -> Sequence[Allowlist]:
        """The lists, in the order in which they are asked."""
        return self._lists

    async def judge(self, visitor: Visitor) -> Verdict:
        """Ask until one denies."""
        verdict = Verdict.ALLOW if self._lists else Verdict.DENY
        for one in self._lists:
            match await one.judge(visitor):
                case Verdict.DENY:
                    return Verdict.DENY
                case Verdict.ABSTAIN:
                    verdict = Verdict.ABSTAIN
                case Verdict.ALLOW:
                    pass
        return verdict


__all__ = ["AllOf", "AnyOf"]
