"""The seams to whom a host lets in: lists of people, and the rules that use them."""

from collections.abc import Iterable
from typing import Protocol

from agent_host.types.decision import Decision
from agent_host.types.visitor import Verdict, Visitor


class Allowlist(Protocol):
    """Judges by who somebody is and what was proved of them. An exception counts as a no."""

    async def judge(self, visitor: Visitor) -> Verdict:
        """Yes, no, or no opinion. It writes nothing."""
        ...

    @property
    def parts(self) -> "Iterable[Allowlist]":
        """The lists that this one asks, so that nested ones are checked at start-up too."""
        ...


class AccessPolicy(Protocol):
    """Decides, and writes nothing. Asked for every operation of every channel, before the
    authorizer: both must allow.
    """

    async def decide(self, visitor: Visitor) -> Decision:
        """Allowed under the key that the visitor's binding names, a link first, or denied."""
        ...


__all__ = ["AccessPolicy", "Allowlist"]
