"""Connections that are one too many: told so in a response, and closed.

The response is sent without reading the request. To close right after it would reset the
connection and lose it, so what the client sends is read, unheeding, until it ends or a second is
over. Only so many are treated so kindly at once; the others are reset.
"""

import asyncio
import logging
from typing import Final

_SECONDS: Final = 1.0
_AT_ONCE: Final = 256
_READ_BYTES: Final = 64 * 1024
_BODY: Final = (
    b'{"type":"about:blank","title":"Service Unavailable","status":503,'
    b'"detail":"This host has as many connections as it may. Try again.",'
    b'"code":"too_many_connections","retryable":true}'
)
_RESPONSE: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\n"
    b"content-type: application/problem+json\r\n"
    b"content-length: %d\r\n"
    b"cache-control: no-store\r\n"
    b"retry-after: 1\r\n"
    b"connection: close\r\n"
    b"\r\n%b" % (len(_BODY), _BODY)
)

_logger = logging.getLogger(__name__)


class TurnedAway:
    """Says no to connections."""

    def __init__(self) -> None:
        self._going_on = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Refuse one; its whole life."""
        if self._going_on >= _AT_ONCE:
            writer.transport.abort()
            return
        if not self._going_on:
            _logger.warning("a connection was turned away; see `server.connection_limit`")
        self._going_on += 1
        try:
            async with asyncio.timeout(_SECONDS):
                writer.write(_RESPONSE)
                writer.write_eof()
                while await reader.read(_READ_BYTES):
                    pass
        except (OSError, RuntimeError, TimeoutError):
            _logger.debug("a client that was turned away did not take it")
        finally:
            self._going_on -= 1
            writer.close()


__all__ = ["TurnedAway"]
