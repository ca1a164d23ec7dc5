"""Looks for what a person has where it can be: in their own partition, then in those they hold."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from agent_host.errors import NotFoundError
from agent_host.host.person.holding import Holding
from agent_host.types.principal import Owner

T = TypeVar("T")


async def first_found(holding: Holding, look: Callable[[Owner], Awaitable[T]]) -> T:
    """What the first partition has that has it. The others are not even listed for what is in the
    person's own.

    Raises:
        NotFoundError: none has: the error of the person's own.
    """
    try:
        return await look(holding.owner)
    except NotFoundError as missing:
        for owner in await holding.others():
            try:
                return await look(owner)
            except NotFoundError:
                continue
        raise missing from None


__all__ = ["first_found"]
