"""Where an answer goes."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from agent_host.types.principal import ChannelIdentity

ResponseTargetKind: TypeAlias = Literal[
    "originating", "sender", "active", "channels", "identities", "all_linked", "none"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseTarget:
    """A destination, or several. Those that name destinations take `echo_input`.

    `originating` is whoever waits for the answer; `sender` is where the question came from, by a
    push: what `originating` becomes for an event whose platform has its acknowledgement already.

    Raises:
        ValueError: names do not fit the kind, or `echo_input` with nobody else to echo to.
    """

    kind: ResponseTargetKind = "originating"
    channels: tuple[str, ...] = ()
    identities: tuple[ChannelIdentity, ...] = ()
    echo_input: bool = False

    def __post_init__(self) -> None:
        if (self.kind == "channels") != bool(self.channels):
            message = "name channels with kind 'channels', and only with it"
            raise ValueError(message)
        if (self.kind == "identities") != bool(self.identities):
            message = "name identities with kind 'identities', and only with it"
            raise ValueError(message)
        if self.echo_input and self.kind in {"originating", "sender", "none"}:
            message = f"echo_input needs a destination other than the caller, not {self.kind!r}"
            raise ValueError(message)


class ResponseRoute:
    """Where the answer of one turn goes, as the app's own code decides: its `run_hook`, or its
    target at any time before it ends. The last word counts.
    """

    __slots__ = ("target",)

    def __init__(self) -> None:
        self.target: ResponseTarget | None = None
        """None where nobody has decided: it goes where the request asked for."""

    def send_to(self, target: ResponseTarget) -> None:
        """Let the answer go there. Only the person's own destinations are ever reached."""
        self.target = target


ORIGINATING = ResponseTarget()
NONE = ResponseTarget(kind="none")
SENDER = ResponseTarget(kind="sender")

__all__ = ["NONE", "ORIGINATING", "SENDER", "ResponseRoute", "ResponseTarget", "ResponseTargetKind"]
