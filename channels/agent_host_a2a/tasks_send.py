"""The dialect from before 0.3: the method `tasks/send` and its card. Switched on by `tasks_send`.

https://github.com/google-a2a/A2A/blob/v0.1.0/docs/specification.md: the client makes up the task's
id, parts have a `type`, and a failure of the agent is an error.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from agent_host.types import JsonObject
from agent_host.wire.body import read_body
from agent_host.wire.json_text import json_bytes, parse_json
from agent_host.wire.reply import JsonReply
from agent_host_a2a.call import Call, is_json, not_json
from agent_host_a2a.card import CardMaker
from agent_host_a2a.card_endpoint import public_base
from agent_host_a2a.config import A2AConfig
from agent_host_a2a.envelope import to_envelope, to_object, to_rpc_id
from agent_host_a2a.fault import Fault, FaultError, invalid
from agent_host_a2a.inbound import to_send
from agent_host_a2a.inbound_0_3 import to_1_0
from agent_host_a2a.member import Members
from agent_host_a2a.operation import TaskOperations
from agent_host_a2a.outbound_0_3 import from_response
from agent_host_a2a.part import Fields
from agent_host_a2a.rpc import RPC_ID
from agent_host_a2a.schema import METHOD_0_2, Operation

_FAILED: Final = "failed"
_CALL: Final = Call()


class TasksSend:
    """One method, waited for. The conversation has the name of the session, else of the task."""

    def __init__(self, config: A2AConfig, *, operations: TaskOperations, cards: CardMaker) -> None:
        self._config = config
        self._operations = operations
        self._maker = cards

    async def call(self, request: Request) -> Response:
        """`POST /rpc`."""
        headers = dict(request.scope["headers"])
        if not is_json(headers.get(b"content-type")):
            raise not_json()
        raw = await read_body(request.receive)
        asked = to_object(parse_json(raw, nesting_limit=self._config.nesting_limit))
        rpc_id = to_rpc_id(asked)
        request.scope[RPC_ID] = rpc_id
        envelope = to_envelope(asked)
        if envelope.method != METHOD_0_2:
            raise FaultError(Fault.METHOD, "There is no such method.")
        task_id = Members(envelope.params).required_identifier("id")
        sent = to_send(_to_1_0(envelope.params, task_id), config=self._config)
        response = await self._operations.send(sent, _CALL, request.receive)
        task = _task(from_response(response), task_id)
        return JsonReply(b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (rpc_id, json_bytes(task)))

    async def card(self, request: Request) -> Response:
        """`GET /.well-known/agent.json`."""
        return JsonReply(json_bytes(self._maker.card_0_2(public_base(request, self._config))))


def _to_1_0(params: JsonObject, task_id: str) -> JsonObject:
    message = Members(params).object("message")
    if message is None:
        raise invalid("message", "is required")
    context = Members(params).identifier("sessionId") or task_id
    changed = {
        name: value for name, value in message.items() if name in {"role", "parts", "metadata"}
    }
    asked = {"message": {**changed, "messageId": task_id, "contextId": context}}
    return to_1_0(Operation.SEND, asked)


def _task(answer: Fields, task_id: str) -> Fields:
    """What of an answer this dialect knows.

    Raises:
        FaultError: the agent failed.
    """
    if answer["kind"] == "message":
        parts = _typed(answer["parts"])
        return {"id": task_id, "status": {"state": "completed"}, "artifacts": [{"parts": parts}]}
    status: Fields = {"state": answer["status"]["state"]}
    message: Fields | None = answer["status"].get("message")
    if message is not None:
        status["message"] = {"role": "agent", "parts": _typed(message["parts"])}
    if status["state"] == _FAILED:
        text = "".join(part.get("text", "") for part in (message or {}).get("parts", ()))
        raise FaultError(Fault.INTERNAL, text or "The agent failed.")
    status["timestamp"] = answer["status"]["timestamp"]
    artifacts = [
        {**artifact, "parts": _typed(artifact["parts"]), "index": index}
        for index, artifact in enumerate(answer.get("artifacts", ()))
    ]
    return {
        "id": task_id,
        "sessionId": answer["contextId"],
        "status": status,
        "artifacts": artifacts,
        "metadata": answer.get("metadata", {}),
    }


def _typed(parts: list[Fields]) -> list[Fields]:
    return [
        {"type": part["kind"], **{name: at for name, at in part.items() if name != "kind"}}
        for part in parts
    ]


__all__ = ["TasksSend"]
