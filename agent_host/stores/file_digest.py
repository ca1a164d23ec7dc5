"""Names for files, of which nobody can make another's.

An id is a digest over the owner and the whole content, each field with its length before it, so
that no two different (owner, media type, name, bytes) share one.
"""

import asyncio
import re
from hashlib import sha256
from typing import Final

from agent_host.errors import TooLargeError
from agent_host.types.file import FileContent
from agent_host.types.identifier import FILE_PREFIX, FileId
from agent_host.types.principal import Owner

CHUNK_BYTES: Final = 256 * 1024
"""More than this is neither hashed nor sent in one go on the event loop."""

_ID: Final = re.compile(rf"{FILE_PREFIX}[0-9a-f]{{64}}")


def file_id_of(owner: Owner, content: FileContent) -> FileId:
    """The id under which `owner` finds `content`."""
    digest = sha256()
    name = "-" if content.name is None else f"+{content.name}"
    for text in (owner.partition, content.media_type, name):
        field = text.encode(errors="surrogatepass")
        digest.update(b"%d." % len(field))
        digest.update(field)
    digest.update(content.data)
    return FileId(FILE_PREFIX + digest.hexdigest())


async def make_file_id(owner: Owner, content: FileContent) -> FileId:
    """`file_id_of`, in a thread where that takes long."""
    if len(content.data) <= CHUNK_BYTES:
        return file_id_of(owner, content)
    return await asyncio.to_thread(file_id_of, owner, content)


def is_file_id(text: str) -> bool:
    """Whether it is one that a store could have given out."""
    return _ID.fullmatch(text) is not None


def check_size(content: FileContent, limit_bytes: int) -> None:
    """Refuse what is too large to be kept.

    Raises:
        TooLargeError: it is.
    """
    if len(content.data) > limit_bytes:
        message = (
            f"A file may have at most {limit_bytes} bytes here (files.file_limit_bytes), "
            f"and one has {len(content.data)}."
        )
        raise TooLargeError(message)


__all__ = ["CHUNK_BYTES", "check_size", "file_id_of", "is_file_id", "make_file_id"]
