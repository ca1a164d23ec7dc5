"""Whom and which conversation a trusted platform speaks for, when it calls in its own name."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from agent_host.types.identifier import ISOLATION_PREFIX, IsolationKey

_DIGEST_BYTES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class IsolationKeys:
    """The platform's opaque keys of a person and of a chat; None where it sent none.

    They partition storage and prove nothing by themselves: the edge takes them from a trusted
    platform or proxy only. They are text of somebody else's making, so they are hashed into keys
    and never become paths.
    """

    user: str | None = None
    chat: str | None = None

    def within(self, key: IsolationKey) -> IsolationKey:
        """The partition of this person in this chat, inside the one of the caller.

        Both count, and so does where one ends and the next begins: every other combination leads
        to another partition.
        """
        digest = blake2b(digest_size=_DIGEST_BYTES, person=b"isolation")
        for part in (key, self.user, self.chat):
            encoded = (part or "").encode("utf-8", "surrogatepass")
            digest.update(b"%d:%d:" % (part is not None, len(encoded)))
            digest.update(encoded)
        return IsolationKey(ISOLATION_PREFIX + digest.hexdigest())


__all__ = ["IsolationKeys"]
