"""A link on its way: offered on one side, claimed on the other, agreed to on both."""

from dataclasses import dataclass, field
from datetime import datetime

from agent_host.types.identifier import LinkId


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOffer:
    """What the initiator takes to the other side: a code to type there, or an address to open.
    Either is a secret until it is used, and is shown to its initiator in private only.
    """

    id: LinkId
    linker: str
    expires_at: datetime
    code: str | None = field(default=None, repr=False)
    url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRequest:
    """A link that waits for its initiator, as one side sees it.

    `other` names the other side: a channel and as much of an id as its owner recognises. `number`
    is shown to the side that claimed, and the initiator has to say it: whoever can do that reads
    both screens. It is None as the initiator sees it.
    """

    id: LinkId
    linker: str
    other: str
    expires_at: datetime
    number: str | None = field(default=None, repr=False)


__all__ = ["LinkOffer", "LinkRequest"]
