"""The HTTP+JSON binding of A2A 0.3, under `/v1`
(https://a2a-protocol.org/v0.3.0/specification/, section 3.5.3). The path says the version, whatever
the header does.
"""

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
from agent_host_a2a.call import Call, extension_headers, is_json, not_json, to_call
from agent_host_a2a.config import A2AConfig
from agent_host_a2a.extended_card import ExtendedCard
from agent_host_a2a.fault import Fault, FaultError
from agent_host_a2a.frame import FrameWording, frame_source
from agent_host_a2a.inbound import SendParams, to_send, to_task
from agent_host_a2a.operation import TaskOperations, TaskStream
from agent_host_a2a.part import Fields
from agent_host_a2a.proto_0_3 import (
    fault_name,
    proto_push_config,
    proto_response,
    proto_task,
    to_push_config,
    to_send_1_0,
)
from agent_host_a2a.push_operation import PushOperations
from agent_host_a2a.refusal import Refusal, to_refusal
from agent_host_a2a.schema import VERSION_0_3, Operation


class OldHttpEndpoints:
    """One method per route. 0.3 has no list of tasks."""

    def __init__(
        self,
        config: A2AConfig,
        *,
        operations: TaskOperations,
        extended_card: ExtendedCard,
        push: PushOperations,
    ) -> None:
        self._config = config
        self._push = push
        self._operations = operations
        self._extended_card = extended_card

    async def send(self, request: Request) -> Response:
        """`POST /v1/message:send`."""
        call = self._call(request)
        params = await self._sending(request)
        response = await self._operations.send(params, call, request.receive)
        return self._reply(proto_response(response), call)

    async def stream(self, request: Request) -> Response:
        """`POST /v1/message:stream`."""
        call = self._call(request)
        params = await self._sending(request)
        return self._events(self._operations.stream(params, call), call)

    async def get(self, request: Request) -> Response:
        """`GET /v1/tasks/{id}`; a history of length 0 is all of it."""
        call = self._call(request)
        asked = request.query_params.get("historyLength") or "0"
        length = None if asked == "0" else asked
        params = to_task({"historyLength": length, "id": _task_id(request)})
        return self._reply(proto_task(await self._operations.get(params)), call)

    async def cancel(self, request: Request) -> Response:
        """`POST /v1/tasks/{id}:cancel`."""
        call = self._call(request)
        params = to_task({"id": _task_id(request)})
        return self._reply(proto_task(await self._operations.cancel(params)), call)

    async def subscribe(self, request: Request) -> Response:
        """`POST` or `GET /v1/tasks/{id}:subscribe`."""
        call = self._call(request)
        params = to_task({"id": _task_id(request)})
        return self._events(self._operations.subscribe(params, call), call)

    async def push(self, request: Request) -> Response:
        """Everything under `/v1/tasks/{id}/pushNotificationConfigs`."""
        call = self._call(request)
        task_id = _task_id(request)
        config_id = request.path_params.get("config_id")
        params: dict[str, JsonValue] = {"id": task_id}
        if config_id is not None:
            params["pushNotificationConfigId"] = config_id
        if request.method == "POST":
            operation = Operation.CREATE_PUSH
            params = {
                "taskId": task_id,
                "pushNotificationConfig": to_push_config(await self._body(request)),
            }
        elif request.method == "DELETE":
            operation = Operation.DELETE_PUSH
        else:
            operation = Operation.LIST_PUSH if config_id is None else Operation.GET_PUSH
        result = await self._push.call(operation, params, VERSION_0_3)
        return self._reply(proto_push_config(result), call)

    async def card(self, request: Request) -> Response:
        """`GET /v1/card`."""
        call = self._call(request)
        return self._reply(await self._extended_card.at(request, VERSION_0_3), call)

    async def _sending(self, request: Request) -> SendParams:
        said = to_send_1_0(await self._body(request))
        return to_send(said, config=self._config, version=VERSION_0_3)

    def _call(self, request: Request) -> Call:
        return to_call(dict(request.scope["headers"]), config=self._config)

    async def _body(self, request: Request) -> JsonObject:
        headers = dict(request.scope["headers"])
        if not is_json(headers.get(b"content-type")):
            raise not_json()
        raw = await read_body(request.receive)
        value: JsonValue = parse_json(raw, nesting_limit=self._config.nesting_limit)
        if not isinstance(value, dict):
            raise FaultError(Fault.REQUEST, "The body should be a JSON object.")
        return cast("dict[str, Any]", value)

    def _reply(self, fields: Fields, call: Call) -> Response:
        return JsonReply(json_bytes(fields), headers=extension_headers(call))

    def _events(self, opened: AbstractAsyncContextManager[TaskStream], call: Call) -> Response:
        source = frame_source(opened, _WORDING, extension_headers(call))
        return EventStreamResponse(source, pace=self._config)


def _body_of(refusal: Refusal) -> bytes:
    fields = {"type": fault_name(refusal.fault), "message": refusal.message}
    return json_bytes(fields)


def _fail(error: HostError) -> bytes:
    return b"event: error\ndata: %b\n\n" % _body_of(to_refusal(error))


_WORDING: Final = FrameWording(before=b"data: ", behind=b"\n\n", spell=proto_response, fail=_fail)


async def render_http_error_0_3(connection: HTTPConnection, error: HostError) -> Response:
    """An error by its class's name and its sentence."""
    del connection
    refusal = to_refusal(error)
    return JsonReply(_body_of(refusal), status=refusal.status, headers=refusal.headers)


def _task_id(request: Request) -> str:
    task_id: str = request.path_params["task_id"]
    return task_id


__all__ = ["OldHttpEndpoints", "render_http_error_0_3"]
