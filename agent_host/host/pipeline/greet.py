"""After step 3: note that somebody who may come in was here, and where they can be reached."""

from agent_host.host.pipeline.exchange import Exchange, given
from agent_host.protocols.identity_registry import IdentityBook
from agent_host.types.conversation_scope import is_room


class GreetStep:
    """For people that a channel saw, in private. Whoever an authenticator names cannot be written
    to, and what is said in a room is no word on where somebody is in private.
    """

    def __init__(self, book: IdentityBook) -> None:
        self._book = book

    async def __call__(self, exchange: Exchange) -> None:
        """Nothing is set: the book keeps it, and seldom writes."""
        caller = exchange.caller
        if caller.identity is None or is_room(caller.conversation):
            return
        await self._book.note_seen(
            caller.identity,
            natural_key=given(exchange.natural_key),
            owner=given(exchange.person),
            conversation=caller.conversation,
        )


__all__ = ["GreetStep"]
