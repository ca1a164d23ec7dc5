"""The seam to whoever says which channels may share a person."""

from typing import Protocol

from agent_host.types.identity import LinkSide


class LinkPolicy(Protocol):
    """Consulted when two identities are linked and again at every delivery from one to the other.
    Directional: what may flow from `source` may be refused the other way.
    An exception counts as no.
    """

    def allows(self, source: LinkSide, destination: LinkSide) -> bool:
        """Whether what is said at `source` may be seen at `destination`."""
        ...


__all__ = ["LinkPolicy"]
