"""The endpoints under `/conversations`."""

from collections.abc import Sequence
from typing import Any, Final, cast

from starlette.requests import Request
from starlette.responses import Response

from agent_host.errors import NotFoundError
from agent_host.types import Caller, JsonObject
from agent_host.wire.body import read_body
from agent_host.wire.json_text import json_bytes
from agent_host.wire.reply import JsonReply
from agent_host_openai import schema
from agent_host_openai.body import parse_body
from agent_host_openai.config import OpenAIConfig
from agent_host_openai.conversation_record import ConversationShelf, KeptConversation
from agent_host_openai.header import to_page
from agent_host_openai.inbound import reader_of
from agent_host_openai.item import read_input
from agent_host_openai.outbound import list_fields
from agent_host_openai.paging import page_of
from agent_host_openai.problem import checked, missing, unsupported
from agent_host_openai.question import Fields
from agent_host_openai.wish import listed, to_metadata

_ITEMS_AT_ONCE: Final = 20


class ConversationEndpoints:
    """One method per operation."""

    def __init__(self, config: OpenAIConfig, *, shelf: ConversationShelf) -> None:
        self._config = config
        self._shelf = shelf
        self._create = Caller(channel=config.name, operation="create_conversation")
        self._get = Caller(channel=config.name, operation="get_conversation")
        self._update = Caller(channel=config.name, operation="update_conversation")
        self._delete = Caller(channel=config.name, operation="delete_conversation")

    async def create(self, request: Request) -> Response:
        """A new conversation, perhaps with its first items."""
        raw = await read_body(request.receive)
        body = parse_body(raw or b"{}", nesting_limit=self._config.nesting_limit)
        asked = checked(schema.ConversationCreate, body)
        kept = await self._shelf.create(
            self._create, metadata=to_metadata(asked.metadata), items=self._items(asked.items)
        )
        return _reply(_fields(kept))

    async def one(self, request: Request) -> Response:
        """Show, change or delete, by the method."""
        conversation_id = _id(request)
        if request.method == "POST":
            raw = await read_body(request.receive)
            body = parse_body(raw, nesting_limit=self._config.nesting_limit)
            metadata = to_metadata(checked(schema.ConversationUpdate, body).metadata)
            kept = await self._shelf.change_metadata(self._update, conversation_id, metadata)
            return _reply(_fields(kept))
        if request.method == "DELETE":
            await self._shelf.delete(self._delete, conversation_id)
            return _reply(
                {"id": conversation_id, "object": "conversation.deleted", "deleted": True}
            )
        return _reply(_fields(await self._shelf.find(self._get, conversation_id)))

    async def items(self, request: Request) -> Response:
        """List the items, or add some, by the method."""
        conversation_id = _id(request)
        if request.method == "POST":
            raw = await read_body(request.receive)
            body = parse_body(raw, nesting_limit=self._config.nesting_limit)
            items = self._items(checked(schema.ItemsCreate, body).items)
            if not items:
                raise missing("items")
            added = await self._shelf.add(self._update, conversation_id, items)
            return _reply(list_fields(added, has_more=False))
        page = to_page(request.query_params)
        kept = await self._shelf.find(self._get, conversation_id)
        return _reply(page_of(await self._shelf.items(self._get, kept), page))

    async def item(self, request: Request) -> Response:
        """Show one item, or take it back, by the method."""
        conversation_id, item_id = _id(request), str(request.path_params["item_id"])
        caller = self._update if request.method == "DELETE" else self._get
        kept = await self._shelf.find(caller, conversation_id)
        if request.method == "DELETE" and await self._shelf.remove(
            caller, conversation_id, item_id
        ):
            return _reply(_fields(await self._shelf.find(caller, conversation_id)))
        items = await self._shelf.items(caller, kept)
        found = next((item for item in items if item["id"] == item_id), None)
        if found is None:
            raise NotFoundError("item")
        if request.method == "DELETE":
            raise unsupported("item_id", "what was said stays; delete the conversation instead")
        return _reply(found)

    def _items(self, value: Any) -> Sequence[JsonObject]:  # noqa: ANN401 - JSON
        items = listed(value, "items", _ITEMS_AT_ONCE)
        if items:
            read_input(items, reader_of(self._config), param="items")
        return cast("Sequence[JsonObject]", items)


def _id(request: Request) -> str:
    conversation_id: str = request.path_params["conversation_id"]
    return conversation_id


def _fields(kept: KeptConversation) -> Fields:
    return {
        "id": kept.id,
        "object": "conversation",
        "created_at": kept.created_at,
        "metadata": kept.metadata,
    }


def _reply(fields: Fields) -> Response:
    return JsonReply(json_bytes(fields))


__all__ = ["ConversationEndpoints"]
