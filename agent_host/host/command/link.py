"""`/link` and `/unlink`: the steps of a link as people give them in a chat.

    /link           a code or an address for the other side; once that was used: who asks
    /link CODE      on the other side: who offers it, and a number to carry back
    /link NUMBER    back on the first: linked
    /link no        ends it
    /link WAY       as the first, by another way than the default

What is said here is for the caller's eyes only, so neither is answered in a group.
"""

from typing import Final

from agent_host.protocols.clock import Clock
from agent_host.protocols.command import Command, CommandCall
from agent_host.types.command import CommandAnswer
from agent_host.types.json import JsonObject
from agent_host.types.link import LinkOffer, LinkRequest
from agent_host.types.message import Message

_NO: Final = frozenset({"no", "cancel", "stop"})
_NUMBER_DIGITS: Final = 6


class LinkCommands:
    """Handlers; what is a code, and of whom, is the link desk's to say."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def commands(self) -> tuple[Command, ...]:
        """Both. Whoever must link before they may come in may give them."""
        return (
            Command(
                "link",
                "Link this account to another of yours",
                self.link,
                is_private=True,
                before_link=True,
            ),
            Command(
                "unlink",
                "Undo the link of this account",
                self.unlink,
                is_private=True,
            ),
        )

    async def link(self, call: CommandCall) -> CommandAnswer:
        """The next step, by what was said behind the name.

        Raises:
            HostError: what the link desk says of a step that leads nowhere.
        """
        links, said = call.links(), call.request.arguments
        if said.lower() in _NO:
            await links.decline()
            return _answer("Nothing is linked.", {"step": "declined"})
        if said in links.linkers:
            return self._offered(await links.begin(linker=said))
        if not said:
            waiting = await links.pending()
            if waiting is None:
                return self._offered(await links.begin())
            return _asked(waiting)
        if _is_number(said):
            linked = await links.confirm(said)
            return _answer(f"Linked to {linked.other}.", {"step": "linked", "id": linked.id})
        return _claimed(await links.complete(said))

    async def unlink(self, call: CommandCall) -> CommandAnswer:
        """Take this account out of the person it is linked to."""
        await call.links().unlink()
        return _answer(
            "This account is on its own again. What was said while it was linked stays with the "
            "others.",
            {"step": "unlinked"},
        )

    def _offered(self, offer: LinkOffer) -> CommandAnswer:
        left = offer.expires_at - self._clock.now()
        minutes = max(1, round(left.total_seconds() / 60))
        facts: JsonObject = {
            "step": "offered",
            "id": offer.id,
            "code": offer.code,
            "url": offer.url,
            "expires_at": offer.expires_at.isoformat(),
        }
        if offer.url is not None:
            text = f"Open {offer.url} within {minutes} minutes."
        else:
            text = (
                f"From your other account, send /link {offer.code} within {minutes} minutes. "
                "Give the code to nobody else."
            )
        return _answer(f"{text} Then come back here and send /link.", facts)


def _claimed(request: LinkRequest) -> CommandAnswer:
    facts = {"step": "claimed", "id": request.id, "other": request.other, "number": request.number}
    return _answer(
        f"This would link you to {request.other}. If that is yours, go back there and send /link "
        f"{request.number}. If it is not, send /link no.",
        facts,
    )


def _asked(request: LinkRequest) -> CommandAnswer:
    return _answer(
        f"{request.other} wants to be linked to you. If that is yours, send /link and the number "
        "that is shown there. If it is not, send /link no.",
        {"step": "asked", "id": request.id, "other": request.other},
    )


def _is_number(said: str) -> bool:
    digits = said.replace(" ", "").replace("-", "")
    return len(digits) == _NUMBER_DIGITS and digits.isascii() and digits.isdigit()


def _answer(text: str, facts: JsonObject) -> CommandAnswer:
    return CommandAnswer(messages=(Message.assistant(text),), facts=facts)


__all__ = ["LinkCommands"]
