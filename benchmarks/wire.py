"""Just enough HTTP/1.1 to send one fixed request and to know when its answer is whole.

It reads what Hypercorn writes: a length or chunks, lower-case names. Nothing else is measured here.
"""

from dataclasses import dataclass

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length: "
_LAST_CHUNK = b"0\r\n\r\n"


def post(path: str, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    """A request, ready to send any number of times."""
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", "content-type: application/json"]
    lines.extend(f"{name}: {value}" for name, value in (headers or {}).items())
    lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response."""

    head: bytes
    body: bytes

    @property
    def status(self) -> int:
        """Its status code."""
        return int(self.head[9:12])

    @property
    def closes(self) -> bool:
        """Whether the connection ends with it."""
        return b"connection: close" in self.head.lower()


def parse(data: bytes) -> Answer | None:
    """The response, or None while there is more to come. `body` is as sent, chunk sizes and all."""
    split = data.find(_HEAD_END)
    if split < 0:
        return None
    body_start = split + len(_HEAD_END)
    at = data.find(_LENGTH, 0, split)
    if at < 0:
        whole = data.endswith(_LAST_CHUNK)
    else:
        end = data.find(b"\r\n", at)
        whole = len(data) - body_start >= int(data[at + len(_LENGTH) : end])
    return Answer(data[:split], data[body_start:]) if whole else None


def chunks_of(body: bytes) -> list[bytes]:
    """The chunks of a chunked body, without the last, empty one."""
    chunks: list[bytes] = []
    rest = body
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        if length:
            chunks.append(rest[:length])
        rest = rest[length + 2 :]
    return chunks


__all__ = ["Answer", "chunks_of", "parse", "post"]
