"""Whether a client reads what is sent to it."""

import asyncio


class Outgoing:
    """Of one connection. `written` counts the bytes that were given to its transport."""

    __slots__ = ("_taken", "_taken_at", "_transport", "written")

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport
        self.written = 0
        self._taken: int | None = None
        self._taken_at = 0.0

    def unread_seconds(self, now: float) -> float:
        """For how long the client has taken no byte of what waits, since that was seen first."""
        waiting = self._transport.get_write_buffer_size()
        taken = self.written - waiting if waiting else None
        if taken is None or taken != self._taken:
            self._taken, self._taken_at = taken, now
        return now - self._taken_at


__all__ = ["Outgoing"]
