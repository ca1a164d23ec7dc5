"""How identities can be linked on a host, as one value."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from agent_host.errors import ConfigurationError
from agent_host.linking.step_limit import LinkLimits
from agent_host.protocols.linker import Linker

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOptions:
    """`linkers` are the ways there are, the first being the default. `limits` say how often links
    may be begun and tried.

    Raises:
        ConfigurationError: two linkers have one name, or one has a name that is none.
    """

    linkers: Sequence[Linker] = ()
    limits: LinkLimits = field(default_factory=LinkLimits)

    def __post_init__(self) -> None:
        for name, count in Counter(one.name for one in self.linkers).items():
            if count > 1:
                raise ConfigurationError(f"Two linkers are called {name!r}; rename one.")
            if not _NAME.fullmatch(name):
                raise ConfigurationError(f"A linker cannot be called {name!r}: use [a-z0-9_].")

    @property
    def claim_sources(self) -> frozenset[str]:
        """The names of those that prove claims."""
        return frozenset(one.name for one in self.linkers if one.proves_claims)


__all__ = ["LinkOptions"]
