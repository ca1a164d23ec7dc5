"""The JSON-RPC 2.0 binding (specification, section 9), for 1.0 and 0.3 at one endpoint."""

from typing import Final

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
    unnamed_version,
)
from agent_host_a2a.config import A2AConfig
from agent_host_a2a.envelope import to_envelope, to_object, to_rpc_id
from agent_host_a2a.extended_card import ExtendedCard
from agent_host_a2a.fault import Fault, FaultError
from agent_host_a2a.frame import FrameWording, frame_source
from agent_host_a2a.inbound import to_list, to_send, to_task
from agent_host_a2a.inbound_0_3 import to_1_0
from agent_host_a2a.operation import TaskOperations
from agent_host_a2a.outbound_0_3 import from_response, from_task
from agent_host_a2a.part import Fields
from agent_host_a2a.push_operation import OPERATIONS as PUSH_OPERATIONS
from agent_host_a2a.push_operation import PushOperations
from agent_host_a2a.refusal import to_refusal
from agent_host_a2a.schema import METHODS_0_3, METHODS_1_0, VERSION_0_3, VERSION_HEADER, Operation
from agent_host_a2a.task_list import TaskList

RPC_ID: Final = "agent_host_a2a.rpc_id"
"""Where an ASGI scope keeps the request's id, for an error that ends it."""

_STREAMS: Final = frozenset({Operation.STREAM, Operation.SUBSCRIBE})


class RpcEndpoint:
    """One object in, one object or an event stream out. No batches, no notifications."""

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

    async def __call__(self, request: Request) -> Response:
        """Serve one request."""
        headers = dict(request.scope["headers"])
        if not is_json(headers.get(b"content-type")):
            raise not_json()
        raw = await read_body(request.receive)
        asked = to_object(parse_json(raw, nesting_limit=self._config.nesting_limit))
        rpc_id = to_rpc_id(asked)
        request.scope[RPC_ID] = rpc_id
        envelope = to_envelope(asked)
        version = to_version(headers, config=self._config)
        operation = self._operation(envelope.method, version, said=VERSION_HEADER in headers)
        params = envelope.params
        if version == VERSION_0_3:
            params = to_1_0(operation, params)
        call = to_call(headers, config=self._config)
        if operation in _STREAMS:
            return self._stream(operation, params, call, rpc_id=rpc_id, version=version)
        result: JsonValue
        if operation in PUSH_OPERATIONS:
            result = await self._push.call(operation, params, version)
        else:
            result = await self._result(operation, params, call, request, version)
        body = b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (rpc_id, json_bytes(result))
        return JsonReply(body, headers=extension_headers(call))

    def _operation(self, method: str, version: str, *, said: bool) -> Operation:
        known = METHODS_0_3 if version == VERSION_0_3 else METHODS_1_0
        operation = known.get(method)
        if operation is not None:
            return operation
        if method in METHODS_1_0 and not said:
            raise unnamed_version()
        raise FaultError(Fault.METHOD, "There is no such method.")

    async def _result(
        self, operation: Operation, params: JsonObject, call: Call, request: Request, version: str
    ) -> Fields:
        is_old = version == VERSION_0_3
        match operation:
            case Operation.SEND:
                sent = to_send(params, config=self._config, version=version)
                response = await self._operations.send(sent, call, request.receive)
                return from_response(response) if is_old else response
            case Operation.GET:
                task = await self._operations.get(to_task(params))
            case Operation.CANCEL:
                task = await self._operations.cancel(to_task(params))
            case Operation.LIST:
                return await self._tasks.page(to_list(params))
            case _:
                return await self._extended_card.at(request, version)
        return from_task(task) if is_old else task

    def _stream(
        self, operation: Operation, params: JsonObject, call: Call, *, rpc_id: bytes, version: str
    ) -> Response:
        if operation is Operation.STREAM:
            sent = to_send(params, config=self._config, version=version)
            opened = self._operations.stream(sent, call)
        else:
            opened = self._operations.subscribe(to_task(params), call)

        def fail(error: HostError) -> bytes:
            return b"data: %b\n\n" % to_refusal(error).rpc_body(rpc_id)

        wording = FrameWording(
            before=b'data: {"jsonrpc":"2.0","id":%b,"result":' % rpc_id,
            behind=b"}\n\n",
            spell=from_response if version == VERSION_0_3 else None,
            fail=fail,
        )
        source = frame_source(opened, wording, extension_headers(call))
        return EventStreamResponse(source, pace=self._config)


async def render_rpc_error(connection: HTTPConnection, error: HostError) -> Response:
    """An error as a JSON-RPC response, with the request's id as far as it was read."""
    refusal = to_refusal(error)
    rpc_id: bytes = connection.scope.get(RPC_ID, b"null")
    return JsonReply(refusal.rpc_body(rpc_id), status=refusal.rpc_status, headers=refusal.headers)


__all__ = ["RPC_ID", "RpcEndpoint", "render_rpc_error"]
