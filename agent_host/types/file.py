"""A file's bytes with what has to be known to hand them on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContent:
    """What a `FilePart` carries: `name` is a caller's or a target's, and never becomes a path."""

    media_type: str
    data: bytes
    name: str | None = None


__all__ = ["FileContent"]
