"""HTTP headers as ASGI has them."""

from typing import TypeAlias

RawHeaders: TypeAlias = list[tuple[bytes, bytes]]
"""Names in lower case."""

__all__ = ["RawHeaders"]
