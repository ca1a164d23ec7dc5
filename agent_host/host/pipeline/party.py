"""A caller as one of the two that are linked."""

from agent_host.errors import LinkRefusedError
from agent_host.host.pipeline.exchange import Exchange, given
from agent_host.types.conversation_scope import is_room
from agent_host.types.identity import LinkParty, identity_of


def party_of(exchange: Exchange) -> LinkParty:
    """Who has been identified, in private.

    Raises:
        LinkRefusedError: they speak in a room, where others would see the challenge, or through a
            platform that speaks for many, or as nobody in particular: a link would be one of all.
    """
    if is_room(exchange.caller.conversation):
        raise LinkRefusedError("in_room")
    if exchange.isolation is not None:
        raise LinkRefusedError("for_many")
    if given(exchange.principal).kind == "anonymous":
        raise LinkRefusedError("anonymous")
    return LinkParty(
        identity=exchange.caller.identity or identity_of(given(exchange.principal)),
        natural_key=given(exchange.natural_key),
    )


__all__ = ["party_of"]
