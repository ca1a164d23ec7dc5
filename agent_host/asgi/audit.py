"""One line in the log for whatever an operator changes: who, what, which id, and how it ended."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from agent_host.context import current_principal
from agent_host.errors import HostError

T = TypeVar("T")

_logger = logging.getLogger(__name__)


async def audited(
    work: Awaitable[T],
    *,
    action: str,
    subject: str,
    subject_of: Callable[[T], str] | None = None,
) -> T:
    """What the work comes to. The line is written when it is over, however it ends.

    `action` is a name of ours, `subject` an id or a filter; neither has content. `subject_of` says
    better what it was about, once that is known.
    """
    try:
        result = await work
    except HostError as error:
        _note(action, subject, error.code)
        raise
    except asyncio.CancelledError:
        _note(action, subject, "broken_off")
        raise
    except Exception:
        _note(action, subject, "internal")
        raise
    if subject_of is not None:
        subject = subject_of(result)
    _note(action, subject, f"done, {result}" if isinstance(result, int) else "done")
    return result


def _note(action: str, subject: str, outcome: str) -> None:
    who = current_principal.get()
    _logger.info(
        "operator %r of tenant %r (%s): %s %s: %s",
        *(("nobody", "", "") if who is None else (who.id, who.tenant, who.kind)),
        action,
        subject,
        outcome,
    )


__all__ = ["audited"]
