"""What a person says here to link this account with another of theirs, and to part them again."""

import re
from typing import Final

from agent_host.protocols.host_context import HostContext
from agent_host.types import Caller

LINK: Final = "/link"
UNLINK: Final = "/unlink"

_NUMBER: Final = re.compile(r"[0-9]{6}")


async def answer_link(context: HostContext, caller: Caller, text: str) -> str | None:
    """The answer to such a line; None for any other, which is the agent's.

    `/link` offers a code, or an address with `/link` and the name of a way to sign in; `/link CODE`
    claims an offer, `/link NUMBER` agrees to it, `/unlink` parts.

    Raises:
        HostError: it leads nowhere; the text is for the person.
    """
    word, _, said = text.strip().partition(" ")
    if word not in {LINK, UNLINK}:
        return None
    view = await context.links(caller)
    if word == UNLINK:
        await view.unlink()
        return "Unlinked. What was said while you were linked stays with the others."
    if _NUMBER.fullmatch(said):
        return f"Linked with {(await view.confirm(said)).other}."
    if said and said not in view.linkers:
        asked = await view.complete(said)
        return (
            f"{asked.other} wants to be linked with you. If that is you, say {asked.number} there."
        )
    offer = await view.begin(linker=said or None)
    return f"Say this on the other side: {offer.code}" if offer.code else f"Open {offer.url}"


__all__ = ["LINK", "UNLINK", "answer_link"]
