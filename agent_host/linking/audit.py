"""One line in the log for every step of every link: which step, which link, where; ids only.

A native id can be a telephone number, so that it is none of the ids meant.
"""

import logging
from typing import Final

from agent_host.types.principal import ChannelIdentity

_logger: Final = logging.getLogger(__name__)


def note(
    step: str, identity: ChannelIdentity, *, link_id: str = "-", outcome: str = "done"
) -> None:
    """`step` and `outcome` are words of ours."""
    _logger.info(
        "link %s: %s on %s, tenant %r: %s",
        link_id,
        step,
        identity.channel,
        identity.tenant,
        outcome,
    )


__all__ = ["note"]
