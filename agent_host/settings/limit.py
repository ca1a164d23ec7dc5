"""The table `limits`."""

from pydantic import Field

from agent_host.asgi.request_limit import RequestLimits
from agent_host.settings.section import Section
from agent_host.settings.unit import Size


class LimitSettings(Section):
    """What a single request may cost, and what one caller."""

    body_bytes: Size = Field(
        default=8 * 1024 * 1024,
        description="The largest request body that is read, where a channel sets no limit.",
    )
    requests_per_second: int = Field(
        default=0,
        ge=0,
        description=(
            "Requests that one caller may make in a second; one more is answered 429. 0 is no "
            "limit."
        ),
    )
    requests_at_once: int = Field(
        default=0,
        ge=0,
        description=(
            "Requests that one caller may have going on, streams and WebSockets among them; one "
            "more is answered 429. 0 is no limit."
        ),
    )
    failed_authentications_per_minute: int = Field(
        default=30,
        ge=0,
        description=(
            "Failed attempts from one address; then it is answered 429 for a while. 0 is no limit."
        ),
    )
    messages_per_second: int = Field(
        default=100,
        ge=0,
        description="Messages that one WebSocket may send in a second. 0 is no limit.",
    )

    def to_limits(self) -> RequestLimits:
        """The same as the host takes it; the body's goes its own way."""
        return RequestLimits(
            **{name: value or None for name, value in self if name != "body_bytes"}
        )


__all__ = ["LimitSettings"]
