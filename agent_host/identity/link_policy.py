"""Which channels may share a person: policies over `LinkPolicy`.

What is linked is one history, readable from both sides. So a link asks for both directions; a
delivery asks for the one it goes.
"""

from collections.abc import Iterable

from agent_host.types.identity import LinkSide


class AllowAllLinks:
    """Everything may flow everywhere."""

    __slots__ = ()

    def allows(self, source: LinkSide, destination: LinkSide) -> bool:
        """Yes."""
        del source, destination
        return True


class DenyAllLinks:
    """Nothing flows anywhere: identities stay apart, and nothing is delivered beside the place
    where it was asked.
    """

    __slots__ = ()

    def allows(self, source: LinkSide, destination: LinkSide) -> bool:
        """No, nor from a place to itself."""
        del source, destination
        return False


class SameTierOnly:
    """Within one confidentiality tier. Places without a tier are of one tier together."""

    __slots__ = ()

    def allows(self, source: LinkSide, destination: LinkSide) -> bool:
        """Whether both are of one tier."""
        return source.tier == destination.tier


class ExplicitPairs:
    """From one channel to another where the pair is listed, by channel names, source first; and
    from a channel to itself. A link between two channels needs the pair both ways.
    """

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = frozenset(pairs)

    def allows(self, source: LinkSide, destination: LinkSide) -> bool:
        """Whether the pair is listed, in this direction."""
        if source.channel == destination.channel:
            return True
        return (source.channel, destination.channel) in self._pairs

    @property
    def channels(self) -> frozenset[str]:
        """Every channel that is named."""
        return frozenset(name for pair in self._pairs for name in pair)


__all__ = ["AllowAllLinks", "DenyAllLinks", "ExplicitPairs", "SameTierOnly"]
