"""A function of the app's as a list."""

import inspect
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from agent_host.protocols.access_policy import Allowlist
from agent_host.types.visitor import Verdict, Visitor

Judge: TypeAlias = Callable[[Visitor], bool | Awaitable[bool | None] | None]
"""Says True, False, or None for no opinion. One that blocks holds up everybody: make it `async`."""


class CallableAllowlist:
    """Asks a function, every time. One that raises denies."""

    __slots__ = ("_judge",)

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    @property
    def parts(self) -> tuple[Allowlist, ...]:
        """None that could be looked into."""
        return ()

    async def judge(self, visitor: Visitor) -> Verdict:
        """What the function says; anything but a plain yes or None is a no."""
        said = self._judge(visitor)
        if inspect.isawaitable(said):
            said = await said
        if said is None:
            return Verdict.ABSTAIN
        return Verdict.ALLOW if said is True else Verdict.DENY


__all__ = ["CallableAllowlist", "Judge"]
