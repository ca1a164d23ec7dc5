"""Reading what a target kept, so that what cannot be made sense of is met once."""

from collections.abc import Callable
from typing import TypeVar

from agent_host.errors import UnreadableRecordError
from agent_host.types.checkpoint import Checkpoint, Checkpoints

T = TypeVar("T")


async def read_checkpoint(
    kept: Checkpoints, scope: str, name: str, decode: Callable[[bytes], T]
) -> T | None:
    """What is kept under this name; None if nothing is.

    Raises:
        UnreadableRecordError: `decode` did. The record was set aside, and reads as missing now.
    """
    value = await kept.get(scope, name)
    if value is None:
        return None
    try:
        return decode(value)
    except UnreadableRecordError as error:
        await kept.set_aside(scope, [Checkpoint(name, value)], error)
        raise


__all__ = ["read_checkpoint"]
