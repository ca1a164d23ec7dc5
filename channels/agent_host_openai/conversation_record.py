"""Conversations: a session each, and beside it what a session does not hold, its metadata and the
items that were added and wait for the next turn.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, cast

from agent_host.errors import ConflictError, NotFoundError
from agent_host.protocols.host_context import HostContext
from agent_host.types import Caller, JsonObject, Message
from agent_host_openai.config import OpenAIConfig
from agent_host_openai.history import items_of_messages
from agent_host_openai.identifier import CONVERSATION_PREFIX, is_conversation_id
from agent_host_openai.inbound import reader_of
from agent_host_openai.item import read_input
from agent_host_openai.outbound import seconds
from agent_host_openai.question import Fields
from agent_host_openai.transcript import read_back

_TRIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptConversation:
    """As it was found."""

    id: str
    created_at: int
    metadata: Mapping[str, str]
    pending: Sequence[Mapping[str, Any]]
    added: int
    version: int

    def to_value(self, **changes: object) -> dict[str, Any]:
        """The record, changed."""
        return {
            "created_at": self.created_at,
            "metadata": self.metadata,
            "pending": self.pending,
            "added": self.added,
            **changes,
        }


class ConversationShelf:
    """Finds and changes conversations, each under its owner."""

    def __init__(self, context: HostContext, config: OpenAIConfig) -> None:
        self._context = context
        self._config = config
        self._label = context.target.name

    async def create(
        self, caller: Caller, *, metadata: Mapping[str, str], items: Sequence[JsonObject]
    ) -> KeptConversation:
        """A new one."""
        records = await self._context.records(caller)
        made = KeptConversation(
            id=self._context.ids.new(CONVERSATION_PREFIX),
            created_at=seconds(self._context.clock.now()),
            metadata=metadata,
            pending=(),
            added=0,
            version=0,
        )
        await records.put(_name(made.id), _with_items(made, items), expect=0)
        return made

    async def find(self, caller: Caller, conversation_id: str) -> KeptConversation:
        """The conversation with this id.

        Raises:
            NotFoundError: it is not the caller's, or there is none.
        """
        records = await self._context.records(caller)
        kept = None
        if is_conversation_id(conversation_id):
            kept = await records.get(_name(conversation_id))
        if kept is None:
            raise NotFoundError("conversation")
        value = cast("Mapping[str, Any]", kept.value)
        return KeptConversation(
            id=conversation_id,
            created_at=value["created_at"],
            metadata=value["metadata"],
            pending=tuple(value["pending"]),
            added=value["added"],
            version=kept.version,
        )

    async def change_metadata(
        self, caller: Caller, conversation_id: str, metadata: Mapping[str, str]
    ) -> KeptConversation:
        """Give it other metadata."""
        await self._change(
            caller, conversation_id, lambda kept: kept.to_value(metadata=dict(metadata))
        )
        return await self.find(caller, conversation_id)

    async def add(
        self, caller: Caller, conversation_id: str, items: Sequence[JsonObject]
    ) -> list[Fields]:
        """Add items, for the next turn; the items as they are shown."""
        await self._change(caller, conversation_id, lambda kept: _with_items(kept, items))
        kept = await self.find(caller, conversation_id)
        return self.pending_items(kept)[-len(items) :]

    async def remove(self, caller: Caller, conversation_id: str, item_id: str) -> bool:
        """Take back an item that waits; False if none that waits has this id."""
        kept = await self.find(caller, conversation_id)
        if all(entry["id"] != item_id for entry in kept.pending):
            return False
        await self._change(
            caller,
            conversation_id,
            lambda kept: kept.to_value(
                pending=[entry for entry in kept.pending if entry["id"] != item_id]
            ),
        )
        return True

    async def consume(self, caller: Caller, used: KeptConversation) -> None:
        """A turn has taken the items that waited."""
        if not used.pending:
            return
        gone = {entry["id"] for entry in used.pending}
        await self._change(
            caller,
            used.id,
            lambda kept: kept.to_value(
                pending=[entry for entry in kept.pending if entry["id"] not in gone]
            ),
        )

    async def delete(self, caller: Caller, conversation_id: str) -> None:
        """Forget it and its history."""
        await self.find(caller, conversation_id)
        sessions = await self._context.sessions(caller)
        with suppress(NotFoundError):  # nothing was said in it as yet
            await sessions.delete(conversation_id)
        await (await self._context.records(caller)).delete(_name(conversation_id))

    async def messages(self, caller: Caller, conversation_id: str) -> tuple[Message, ...]:
        """What was said in it, oldest first."""
        sessions = await self._context.sessions(caller)
        try:
            return (await read_back(sessions, conversation_id)).messages
        except NotFoundError:
            return ()

    async def items(self, caller: Caller, kept: KeptConversation) -> list[Fields]:
        """Its items, oldest first, those that wait last."""
        messages = await self.messages(caller, kept.id)
        said = items_of_messages(messages, server_label=self._label)
        return [*said, *self.pending_items(kept)]

    def pending_messages(self, kept: KeptConversation) -> tuple[Message, ...]:
        """The items that wait, as messages."""
        if not kept.pending:
            return ()
        return read_input(
            [entry["item"] for entry in kept.pending], reader_of(self._config)
        ).messages

    def pending_items(self, kept: KeptConversation) -> list[Fields]:
        """The items that wait, as they are shown."""
        return [self._shown(entry) for entry in kept.pending]

    def _shown(self, entry: Mapping[str, Any]) -> Fields:
        item: Mapping[str, Any] = entry["item"]
        if item.get("type", "message") != "message":
            return {"status": "completed", **item, "id": entry["id"]}
        messages = read_input([item], reader_of(self._config)).messages
        (shown,) = items_of_messages(messages, server_label=self._label)
        return {**shown, "id": entry["id"]}

    async def _change(
        self, caller: Caller, conversation_id: str, change: Callable[[KeptConversation], Any]
    ) -> None:
        records = await self._context.records(caller)
        for tries_left in reversed(range(_TRIES)):
            kept = await self.find(caller, conversation_id)
            try:
                await records.put(_name(conversation_id), change(kept), expect=kept.version)
            except ConflictError:
                if not tries_left:
                    raise
            else:
                return


def _with_items(kept: KeptConversation, items: Sequence[JsonObject]) -> dict[str, Any]:
    tail = kept.id.removeprefix(CONVERSATION_PREFIX)
    entries = [
        {"id": f"msg_{tail}_{kept.added + place}", "item": item} for place, item in enumerate(items)
    ]
    return kept.to_value(pending=[*kept.pending, *entries], added=kept.added + len(entries))


def _name(conversation_id: str) -> str:
    return f"conversation:{conversation_id}"


__all__ = ["ConversationShelf", "KeptConversation"]
