"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), as far as a
client of A2A needs them: the data of each. Pure.
"""

import re
from collections.abc import Iterator

_LINE_END = re.compile(rb"\r\n|\r|\n")


class EventStreamParser:
    """Feed it bytes as they come. An event of more than `limit_bytes` is a `ValueError`."""

    __slots__ = ("_buffer", "_data", "_limit", "_size")

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._buffer = b""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The data of every event that is whole now.

        Raises:
            ValueError: an event is larger than the limit.
        """
        self._buffer += chunk
        start = 0
        for end in _LINE_END.finditer(self._buffer):
            if end[0] == b"\r" and end.end() == len(self._buffer):
                break  # perhaps the first half of a CRLF
            line = self._buffer[start : end.start()]
            start = end.end()
            data = self._take(line)
            if data is not None:
                yield data
        self._buffer = self._buffer[start:]
        if self._size + len(self._buffer) > self._limit:
            raise _too_large(self._limit)

    def _take(self, line: bytes) -> bytes | None:
        if not line:
            data, self._data, self._size = self._data, [], 0
            return b"\n".join(data) if data else None
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(value)
            if self._size > self._limit:
                raise _too_large(self._limit)
        return None


def _too_large(limit_bytes: int) -> ValueError:
    return ValueError(f"an event has more than {limit_bytes} bytes")


__all__ = ["EventStreamParser"]
