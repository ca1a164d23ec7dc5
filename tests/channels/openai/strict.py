"""Holds everything a host says on OpenAI's paths against the models of OpenAI's own client, closed.

The published schema is in no package. The client's models are made from it; here they are read
strictly: the right types and literals, every required member, and no member that they do not know,
at any depth. What is checked is what leaves the application, so also what no client parses.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final, Literal, cast

from openai.types import Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.conversations import (
    Conversation,
    ConversationDeletedResource,
    ConversationItem,
)
from openai.types.conversations.conversation_item_list import ConversationItemList
from openai.types.responses import (
    CompactedResponse,
    InputTokenCountResponse,
    Response,
    ResponseItemList,
    ResponseStreamEvent,
)
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PREFIX: Final = "/v1"


class DeletedResponse(BaseModel):
    """The client has no model of it."""

    model_config = ConfigDict(extra="forbid")

    id: str
    object: Literal["response"]
    deleted: Literal[True]


class ModelList(BaseModel):
    """The client makes pages of it."""

    model_config = ConfigDict(extra="forbid")

    object: Literal["list"]
    data: list[Model]


class ErrorDetail(BaseModel):
    """All four members are always there."""

    model_config = ConfigDict(extra="forbid")

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """The client looks for it by hand."""

    model_config = ConfigDict(extra="forbid")

    error: ErrorDetail


KNOWN_BESIDES: Final = {
    ("Response", "store"): "OpenAI sends it with every response, and Open Responses asks for it",
    ("ResponseFunctionCallArgumentsDoneEvent", "name"): "the client for Node asks for it",
    ("ChatCompletionMessage", "reasoning_content"): "how most clients are told of thinking",
    ("ChoiceDelta", "reasoning_content"): "the same in a stream",
}
"""Members that the models do not have, and why they are sent."""

NEVER_NULL: Final = {
    ("Response", "user"),
    ("ChatCompletion", "system_fingerprint"),
    ("ChatCompletionChunk", "system_fingerprint"),
    ("ResponseReasoningItem", "content"),
    ("ResponseFormatTextJSONSchemaConfig", "description"),
}
"""Members that are left out or have a value; the client for Node says so, these models do not."""


def _adapter(model: Any) -> TypeAdapter[Any]:
    return TypeAdapter(model)


_ERROR: Final = _adapter(ErrorBody)
_EVENT: Final = _adapter(ResponseStreamEvent)
_CHUNK: Final = _adapter(ChatCompletionChunk | ErrorBody)
_BODIES: Final = [
    (re.compile(rf"(\w+) {PREFIX}{path}"), _adapter(model))
    for path, model in {
        "/responses": Response,
        "/responses/input_tokens": InputTokenCountResponse,
        "/responses/compact": CompactedResponse,
        "/responses/[^/]+/cancel": Response,
        "/responses/[^/]+/input_items": ResponseItemList,
        "/responses/[^/]+": Response | DeletedResponse,
        "/conversations": Conversation,
        "/conversations/[^/]+": Conversation | ConversationDeletedResource,
        "/conversations/[^/]+/items": ConversationItemList,
        "/conversations/[^/]+/items/[^/]+": Conversation | ConversationItem,
        "/chat/completions": ChatCompletion,
        "/models": ModelList,
        "/models/.+": Model,
    }.items()
]
"""By path; the first that fits."""


class StrictApp:
    """Passes everything on, and keeps what is wrong with what is sent in `problems`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.problems: list[str] = []
        self.checked = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(f"{PREFIX}/"):
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def observe(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, observe)
        finally:
            if body:
                self._check(f"{scope['method']} {scope['path']}", start, bytes(body))

    def _check(self, call: str, start: Message, body: bytes) -> None:
        kind = dict(start["headers"])[b"content-type"]
        if kind == b"application/json":
            adapter = _ERROR if start["status"] >= 400 else _adapter_of(call)
            self._hold(call, adapter, body)
        elif kind.startswith(b"text/event-stream"):
            whole, _, _ = body.rpartition(b"\n\n")
            for block in whole.decode().split("\n\n"):
                self._check_event(call, block)
        else:
            self.problems.append(f"{call}: nobody expects {kind!r}")

    def _check_event(self, call: str, block: str) -> None:
        if block.startswith(":"):
            return
        if call.endswith("/chat/completions"):
            data = block.removeprefix("data: ")
            if data != "[DONE]":
                self._hold(call, _CHUNK, data.encode())
            return
        named, _, rest = block.partition("\n")
        data = rest.removeprefix("data: ")
        self._hold(call, _EVENT, data.encode())
        if named != f"event: {json.loads(data)['type']}":
            self.problems.append(f"{call}: {named} is another type")

    def _hold(self, call: str, adapter: TypeAdapter[Any], raw: bytes) -> None:
        self.checked += 1
        try:
            value = adapter.validate_json(raw, strict=True)
        except ValidationError as error:
            self.problems.append(f"{call}: {error}")
        else:
            self.problems += [f"{call}: {problem}" for problem in find_problems(value)]


def find_problems(value: object, path: str = "") -> Iterator[str]:
    """What the models let pass at any depth: members that they do not have, and some nulls."""
    if isinstance(value, BaseModel):
        kind = type(value).__name__
        for name in value.model_extra or ():
            if (kind, name) not in KNOWN_BESIDES:
                yield f"{path}.{name} is not known"
        for name in value.model_fields_set:
            if (kind, name) in NEVER_NULL and getattr(value, name) is None:
                yield f"{path}.{name} is null"
        for name in type(value).model_fields:
            yield from find_problems(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(cast("list[object]", value)):
            yield from find_problems(item, f"{path}[{index}]")


def _adapter_of(call: str) -> TypeAdapter[Any]:
    return next(adapter for pattern, adapter in _BODIES if pattern.fullmatch(call))
