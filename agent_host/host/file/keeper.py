"""Takes the bytes out of what is stored, and puts them back into what is read.

Writing has two halves: `keep` brings the bytes to the file store and marks the parts with their
ids, before the commit that refers to them; the records then write marked parts without their bytes.
"""

import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from agent_host.errors import StoreError, TooLargeError
from agent_host.host.file.part import (
    CARRIERS,
    EventT,
    carries_files,
    change_event,
    change_messages,
    files_in,
    gone,
)
from agent_host.protocols.file_store import FileStore
from agent_host.types.file import FileContent
from agent_host.types.identifier import FILE_PREFIX, FileId
from agent_host.types.message import Message
from agent_host.types.part import FilePart, Part
from agent_host.types.principal import Owner
from agent_host.types.request import ChannelRequest

INLINE_LIMIT_BYTES: Final = 4 * 1024
"""Fewer bytes stay in the record: a file of their own would cost more than it saves."""

_NOT_KEPT: Final = FileId(f"{FILE_PREFIX}not_kept")

_LOG: Final = logging.getLogger(__name__)


class FileKeeper:
    """One per host."""

    def __init__(self, store: FileStore) -> None:
        self._store = store

    async def keep_messages(
        self, owner: Owner, messages: tuple[Message, ...]
    ) -> tuple[Message, ...]:
        """The same messages, their files marked. What cannot be kept is marked too: whoever reads
        it later is told that it is gone, and the conversation goes on.
        """
        if not carries_files(messages):
            return messages
        marked = await self._keep(owner, _files_of(messages), must=False)
        return change_messages(messages, lambda part: marked.get(id(part), part))

    async def keep_event(self, owner: Owner, event: EventT) -> EventT:
        """The same event, its files marked, as with messages."""
        if type(event) not in CARRIERS or not (files := files_in(event)):
            return event
        marked = await self._keep(owner, files, must=False)
        return change_event(event, lambda part: marked.get(id(part), part))

    async def keep_request(
        self, owner: Owner, request: ChannelRequest, *, must: bool
    ) -> ChannelRequest:
        """A request, its files marked. `must` says that it will be run from what is stored.

        Raises:
            TooLargeError, StoreUnavailableError: one must be kept and cannot be.
        """
        marked = await self._keep(owner, _files_of(request.input), must=must)
        changed = change_messages(request.input, lambda part: marked.get(id(part), part))
        return request if changed is request.input else replace(request, input=changed)

    async def restore_messages(
        self, owner: Owner, messages: tuple[Message, ...]
    ) -> tuple[Message, ...]:
        """Messages as they were, or with a word in the place of what is gone."""
        if not carries_files(messages):
            return messages
        found = await self._restore(owner, _files_of(messages))
        return change_messages(messages, lambda part: found.get(id(part), part))

    async def restore_event(self, owner: Owner, event: EventT) -> EventT:
        """An event as it was, or with a word in the place of what is gone."""
        if type(event) not in CARRIERS or not (files := files_in(event)):
            return event
        found = await self._restore(owner, files)
        return change_event(event, lambda part: found.get(id(part), part))

    async def _keep(
        self, owner: Owner, files: Iterable[FilePart], *, must: bool
    ) -> dict[int, FilePart]:
        marked: dict[int, FilePart] = {}
        for part in files:
            data = part.data
            if part.id is not None or type(data) is not bytes or len(data) <= INLINE_LIMIT_BYTES:
                continue
            content = FileContent(media_type=part.media_type, data=data, name=part.name)
            try:
                file_id = await self._store.put(owner, content)
            except (StoreError, TooLargeError) as error:
                if must:
                    raise
                _LOG.warning("a file of %d bytes is not kept: %s", len(data), error.code)
                file_id = _NOT_KEPT
            marked[id(part)] = replace(part, id=file_id, size_bytes=len(data))
        return marked

    async def _restore(self, owner: Owner, files: Iterable[FilePart]) -> dict[int, Part]:
        found: dict[int, Part] = {}
        for part in files:
            if part.id is None or part.data is not None:
                continue
            content = await self._store.get(owner, part.id)
            found[id(part)] = gone(part) if content is None else replace(part, data=content.data)
        return found


def _files_of(messages: tuple[Message, ...]) -> list[FilePart]:
    return [part for message in messages for part in message.parts if type(part) is FilePart]


__all__ = ["INLINE_LIMIT_BYTES", "FileKeeper"]
