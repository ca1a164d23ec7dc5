"""The isolation headers of hosting platforms: which person and which chat a request is of.

Reads and removes them. Whether they may be believed is `Edge`'s decision; what they do to storage
is said by `IsolationKeys`.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from agent_host.asgi.edge_error import BadIsolationKeyError
from agent_host.types.isolation import IsolationKeys

USER_HEADER: Final = b"x-agent-user-isolation-key"
CHAT_HEADER: Final = b"x-agent-chat-isolation-key"
ISOLATION_HEADERS: Final = frozenset({USER_HEADER, CHAT_HEADER})

_KEY_LIMIT: Final = 256
_KEY: Final = re.compile(rb"[!-~]{1,%d}" % _KEY_LIMIT)

RawHeaders = Sequence[tuple[bytes, bytes]]


def read_isolation(headers: RawHeaders) -> IsolationKeys | None:
    """The keys; None if there is neither header.

    Raises:
        BadIsolationKeyError: one is doubled, empty, too long, or has other than visible ASCII.
    """
    keys: dict[bytes, str] = {}
    for name, value in headers:
        if name in ISOLATION_HEADERS:
            if name in keys or not _KEY.fullmatch(value):
                raise BadIsolationKeyError(name.decode("ascii"), _KEY_LIMIT)
            keys[name] = value.decode("ascii")
    if not keys:
        return None
    return IsolationKeys(user=keys.get(USER_HEADER), chat=keys.get(CHAT_HEADER))


def without_isolation(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The other headers."""
    return [header for header in headers if header[0] not in ISOLATION_HEADERS]


__all__ = [
    "CHAT_HEADER",
    "ISOLATION_HEADERS",
    "USER_HEADER",
    "read_isolation",
    "without_isolation",
]
