"""The seam to every URL that a caller or a configuration of a caller has influence on."""

from typing import Protocol

from agent_host.types.outbound import OutboundAnswer, OutboundRequest


class Outbound(Protocol):
    """The one guarded HTTP client: https, public addresses, resolved once and pinned, no redirects,
    bounded in size and time. An operator's allowlist may let named private places through.
    """

    async def check(self, url: str) -> None:
        """Say now, at registration, whether it may be sent to. It is looked at again at `send`.

        Raises:
            UnsafeUrlError: it may not be; the text is safe to show and names no address.
        """
        ...

    async def send(self, request: OutboundRequest) -> OutboundAnswer:
        """Send it; any status is an answer.

        Raises:
            UnsafeUrlError: as `check`.
            OutboundError: no answer came; `was_sent` says whether the request may have arrived.
        """
        ...


__all__ = ["Outbound"]
