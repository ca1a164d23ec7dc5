"""What was said in a session, read back as far as is needed: the host gives it in stretches."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from agent_host.protocols.host_context import SessionView
from agent_host.types import Message, SessionHistory

MESSAGES_LIMIT: Final = 10_000
"""The newest messages of a session that are looked at. The target has its history by its own
rules.
"""

_AT_ONCE: Final = 1000


async def read_back(
    view: SessionView,
    session: str,
    enough: Callable[[Sequence[Message]], bool] = lambda _: False,
) -> SessionHistory:
    """The newest messages: as many as are `enough`, else all, and `MESSAGES_LIMIT` at most.

    Raises:
        NotFoundError: there is no such session.
    """
    found = await view.get(session, limit=_AT_ONCE)
    while found.earlier and len(found.messages) < MESSAGES_LIMIT and not enough(found.messages):
        before = await view.get(session, limit=_AT_ONCE, before=found.earlier)
        found = replace(before, messages=before.messages + found.messages)
    return found


__all__ = ["MESSAGES_LIMIT", "read_back"]
