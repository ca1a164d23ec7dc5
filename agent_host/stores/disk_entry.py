"""Where an entry of a stream is in the disk store: a number made of the stream's and its position.

Entries of a new stream are behind all others, so adding them changes the end of one tree.
"""

from typing import Final

POSITION_BITS: Final = 24
POSITION_LIMIT: Final = 1 << POSITION_BITS
"""A stream has at most so many entries."""


def place_of(stream: int, position: int) -> int:
    """Where the entry is. `position` is less than `POSITION_LIMIT`."""
    return stream << POSITION_BITS | position


def position_of(place: int) -> int:
    """Where in its stream the entry of a place is."""
    return place & (POSITION_LIMIT - 1)


__all__ = ["POSITION_BITS", "POSITION_LIMIT", "place_of", "position_of"]
