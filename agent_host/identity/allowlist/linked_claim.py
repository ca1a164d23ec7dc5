"""Lists by what a verifier proved of somebody: a group, a department, a verified domain."""

from collections.abc import Iterable
from typing import cast

from agent_host.errors import ConfigurationError
from agent_host.protocols.access_policy import Allowlist
from agent_host.types.json import JsonValue
from agent_host.types.visitor import Verdict, Visitor


class LinkedClaimAllowlist:
    """Allows those for whom `claim` has one of `values`, and where `source` is given, was proved by
    that one. A claim with several values needs one of them. Nothing of it comes from the client.

    Abstains where nothing is proved yet, so that somebody can be asked to prove it; denies where
    something is, and not this. Values are compared as they are: case counts.

    Raises:
        ConfigurationError: no value is listed.
    """

    __slots__ = ("_source", "_values", "claim")

    def __init__(self, claim: str, values: Iterable[str], *, source: str | None = None) -> None:
        self.claim = claim
        self._source = source
        self._values = frozenset(values)
        if not claim or not self._values:
            raise ConfigurationError(
                "A list by claims without a claim or without values would let nobody in; "
                "name the values that may."
            )

    @property
    def source(self) -> str | None:
        """Who must have proved it; None for any linker or verifier."""
        return self._source

    @property
    def parts(self) -> tuple[Allowlist, ...]:
        """None."""
        return ()

    async def judge(self, visitor: Visitor) -> Verdict:
        """By the visitor's verified claims."""
        if visitor.claim_source is None:
            return Verdict.ABSTAIN
        if self._source is not None and self._source != visitor.claim_source:
            return Verdict.ABSTAIN
        found = visitor.verified_claims.get(self.claim)
        return Verdict.ALLOW if self._values & _texts(found) else Verdict.DENY


def _texts(value: JsonValue) -> set[str]:
    """The texts that a claim has. Numbers, objects and the like are none: nobody is let in because
    `true` happens to be written like a name.
    """
    if isinstance(value, str):
        return {value}
    if isinstance(value, list | tuple):
        return {each for each in cast("list[object]", value) if isinstance(each, str)}
    return set()


__all__ = ["LinkedClaimAllowlist"]
