"""The HTTP+JSON binding (specification, section 11), for 1.0."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, cast

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from agent_host.errors import HostError
from agent_host.types import JsonObject, JsonValue
from agent_host.wire.body import read_body
from agent_host.wire.json_text import json_bytes, parse_json
from agent_host.wire.reply import JsonReply
from agent_host.wire.sse import EventStreamResponse
from agent_host_a2a.call import (
    Call,
    extension_headers,
    is_json,
    not_json,
    to_call,
    to_version,
    unsupported_version,
)
from agent_host_a2a.config import A2AConfig
from agent_host_a2a.extended_card import ExtendedCard
from agent_host_a2a.fault import Fault, FaultError
from agent_host_a2a.frame import FrameWording, frame_source
from agent_host_a2a.inbound import to_list, to_send, to_task
from agent_host_a2a.operation import TaskOperations, TaskStream
from agent_host_a2a.push_operation import PushOperations
from agent_host_a2a.refusal import to_refusal
from agent_host_a2a.schema import (
    A2A_MEDIA_TYPE,
    JSON_MEDIA_TYPE,
    VERSION_1_0,
    VERSION_HEADER,
    Operation,
)
from agent_host_a2a.task_list import TaskList

_BOOLEANS: Final[Mapping[str, JsonValue]] = {"true": True, "false": False}
_VERSION_PARAMETER: Final = "A2A-Version"


class HttpEndpoints:
    """One method per route."""

    def __init__(
        self,
        config: A2AConfig,
        *,
        operations: TaskOperations,
        tasks: TaskList,
        extended_card: ExtendedCard,
        push: PushOperations,
    ) -> None:
        self._config = config
        self._push = push
        self._operations = operations
        self._tasks = tasks
        self._extended_card = extended_card

    async def send(self, request: Request) -> Response:
        """`POST /message:send`."""
        call = self._call(request)
        params = to_send(await self._body(request), config=self._config)
        response = await self._operations.send(params, call, request.receive)
        return self._reply(request, response, call)

    async def stream(self, request: Request) -> Response:
        """`POST /message:stream`."""
        call = self._call(request)
        params = to_send(await self._body(request), config=self._config)
        return self._events(self._operations.stream(params, call), call)

    async def list(self, request: Request) -> Response:
        """`GET /tasks`."""
        call = self._call(request)
        return self._reply(request, await self._tasks.page(to_list(_query(request))), call)

    async def get(self, request: Request) -> Response:
        """`GET /tasks/{id}`."""
        call = self._call(request)
        params = to_task({**_query(request), "id": _task_id(request)})
        return self._reply(request, await self._operations.get(params), call)

    async def cancel(self, request: Request) -> Response:
        """`POST /tasks/{id}:cancel`."""
        call = self._call(request)
        params = to_task({**await self._body(request), "id": _task_id(request)})
        return self._reply(request, await self._operations.cancel(params), call)

    async def subscribe(self, request: Request) -> Response:
        """`POST` or `GET /tasks/{id}:subscribe`."""
        call = self._call(request)
        params = to_task({"id": _task_id(request)})
        return self._events(self._operations.subscribe(params, call), call)

    async def push(self, request: Request) -> Response:
        """Everything under `/tasks/{id}/pushNotificationConfigs`."""
        call = self._call(request)
        config_id = request.path_params.get("config_id")
        if request.method == "POST":
            operation, given = Operation.CREATE_PUSH, await self._body(request)
        elif request.method == "DELETE":
            operation, given = Operation.DELETE_PUSH, _query(request)
        else:
            operation = Operation.LIST_PUSH if config_id is None else Operation.GET_PUSH
            given = _query(request)
        params = {**given, "taskId": _task_id(request)}
        if config_id is not None:
            params["id"] = config_id
        result = await self._push.call(operation, params, VERSION_1_0)
        return self._reply(request, result, call)

    async def extended_card(self, request: Request) -> Response:
        """`GET /extendedAgentCard`."""
        call = self._call(request)
        return self._reply(request, await self._extended_card.at(request, VERSION_1_0), call)

    def _call(self, request: Request) -> Call:
        headers = dict(request.scope["headers"])
        if VERSION_HEADER not in headers:
            said = request.query_params.get(_VERSION_PARAMETER)
            if said:
                headers[VERSION_HEADER] = said.encode("latin-1", "replace")
        version = to_version(headers, config=self._config)
        if version != VERSION_1_0:
            raise unsupported_version(f"{version} over HTTP+JSON", self._config)
        return to_call(headers, config=self._config)

    async def _body(self, request: Request) -> JsonObject:
        headers = dict(request.scope["headers"])
        raw = await read_body(request.receive)
        if not raw:
            return {}
        if not is_json(headers.get(b"content-type")):
            raise not_json()
        value = parse_json(raw, nesting_limit=self._config.nesting_limit)
        if not isinstance(value, dict):
            raise FaultError(Fault.REQUEST, "The body should be a JSON object.")
        return cast("dict[str, Any]", value)

    def _reply(self, request: Request, fields: JsonValue, call: Call) -> Response:
        return JsonReply(
            json_bytes(fields),
            headers=extension_headers(call),
            content_type=_media_type(request),
        )

    def _events(self, opened: AbstractAsyncContextManager[TaskStream], call: Call) -> Response:
        source = frame_source(opened, _WORDING, extension_headers(call))
        return EventStreamResponse(source, pace=self._config)


def _fail(error: HostError) -> bytes:
    return b"event: error\ndata: %b\n\n" % to_refusal(error).http_body()


_WORDING: Final = FrameWording(before=b"data: ", behind=b"\n\n", spell=None, fail=_fail)


async def render_http_error(connection: HTTPConnection, error: HostError) -> Response:
    """An error as the AIP-193 body."""
    refusal = to_refusal(error)
    return JsonReply(
        refusal.http_body(),
        status=refusal.status,
        headers=refusal.headers,
        content_type=_media_type(connection),
    )


def _media_type(connection: HTTPConnection) -> bytes:
    """`application/a2a+json` for those who spoke or asked for it."""
    for name, value in connection.scope["headers"]:
        if name in {b"accept", b"content-type"} and A2A_MEDIA_TYPE in value:
            return A2A_MEDIA_TYPE
    return JSON_MEDIA_TYPE


def _query(request: Request) -> dict[str, JsonValue]:
    return {
        name: _BOOLEANS.get(value, value)
        for name, value in request.query_params.items()
        if value and name != _VERSION_PARAMETER
    }


def _task_id(request: Request) -> str:
    task_id: str = request.path_params["task_id"]
    return task_id


__all__ = ["HttpEndpoints", "render_http_error"]
