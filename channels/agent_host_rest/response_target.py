"""Where a caller wants the answer, as the host has it. Pure."""

from agent_host.types import ORIGINATING, ChannelIdentity, ResponseTarget
from agent_host_rest import schema
from agent_host_rest.config import RestConfig
from agent_host_rest.validation import invalid

_FIELD = ("response_target",)


def to_response_target(invocation: schema.Invocation, config: RestConfig) -> ResponseTarget:
    """What the body says, or that nothing is said.

    Raises:
        InvalidInputError: callers do not choose here.
    """
    body = invocation.response_target
    if body is None:
        return ORIGINATING
    if not config.callers_choose_target:
        raise invalid((_FIELD, "is not for callers to choose on this host"))
    match body:
        case schema.ChannelsTarget():
            return ResponseTarget(
                kind="channels", channels=tuple(body.channels), echo_input=body.echo_input
            )
        case schema.IdentitiesTarget():
            own = (
                ChannelIdentity(channel=one.channel, account=one.account, native_id=one.native_id)
                for one in body.identities
            )
            return ResponseTarget(
                kind="identities", identities=tuple(own), echo_input=body.echo_input
            )
        case schema.PersonTarget():
            return ResponseTarget(kind=body.kind, echo_input=body.echo_input)
        case schema.PlainTarget():
            return ResponseTarget(kind=body.kind)


__all__ = ["to_response_target"]
