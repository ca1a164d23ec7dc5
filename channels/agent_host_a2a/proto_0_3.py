"""A2A 0.3 as its HTTP+JSON binding says it: the protocol buffer of 0.3 in its JSON form. Pure.

https://a2a-protocol.org/v0.3.0/specification/ and specification/grpc/a2a.proto of that release.
States and roles are spelled as in 1.0, but for one; the parts of a message are its `content`, and a
file is `fileWithUri` or `fileWithBytes`. The form of 0.3's JSON-RPC binding is taken as well.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

from agent_host.types import JsonObject, JsonValue
from agent_host_a2a.fault import Fault, invalid
from agent_host_a2a.inbound_0_3 import to_1_0
from agent_host_a2a.part import Fields
from agent_host_a2a.schema import INTERRUPTED, TERMINAL, Operation, TaskState

_CANCELLED: Final = "TASK_STATE_CANCELLED"
_LAST: Final = frozenset({state.value for state in (*TERMINAL, *INTERRUPTED)})
_FAULT_NAMES: Final = {
    Fault.PARSE: "JSONParseError",
    Fault.REQUEST: "InvalidRequestError",
    Fault.METHOD: "MethodNotFoundError",
    Fault.PARAMS: "InvalidParamsError",
    Fault.INTERNAL: "InternalError",
    Fault.TASK_NOT_FOUND: "TaskNotFoundError",
    Fault.TASK_NOT_CANCELABLE: "TaskNotCancelableError",
    Fault.PUSH: "PushNotificationNotSupportedError",
    Fault.UNSUPPORTED: "UnsupportedOperationError",
    Fault.CONTENT_TYPE: "ContentTypeNotSupportedError",
    Fault.AGENT_RESPONSE: "InvalidAgentResponseError",
    Fault.EXTENDED_CARD: "ExtendedAgentCardNotConfiguredError",
    Fault.EXTENSION: "ExtensionSupportRequiredError",
    Fault.VERSION: "VersionNotSupportedError",
}


def fault_name(fault: Fault) -> str:
    """An error as clients of 0.3 know it, by its class."""
    return _FAULT_NAMES.get(fault, "InternalError")


def to_send_1_0(body: JsonObject) -> JsonObject:
    """The parameters of a sending as 1.0 has them. The message is `message` or, by its name in the
    protocol buffer, `request`.

    Raises:
        FaultError: a member is not what 0.3 makes of it.
    """
    request = {name: value for name, value in body.items() if name != "request"}
    message = _object(_member(body, "message", "request"), "message")
    if message is None:
        raise invalid("message", "is required")
    if "content" not in message:  # as the JSON-RPC binding has it
        return to_1_0(Operation.SEND, {**request, "message": message})
    parts: JsonValue = message["content"]
    if not isinstance(parts, list):
        raise invalid("message.content", "should be a list")
    items = parts
    changed = {name: value for name, value in message.items() if name != "content"}
    changed["parts"] = [_to_part(part, f"message.content[{at}]") for at, part in enumerate(items)]
    request["message"] = changed
    wishes = _object(body.get("configuration"), "configuration")
    if wishes is not None:
        push = _member(wishes, "pushNotification", "push_notification")
        # In a protocol buffer what is not there is false, and no history is all of it.
        request["configuration"] = {
            "acceptedOutputModes": _member(wishes, "acceptedOutputModes", "accepted_output_modes"),
            "historyLength": _member(wishes, "historyLength", "history_length") or None,
            "returnImmediately": wishes.get("blocking") is not True,
            "taskPushNotificationConfig": push,
        }
    return request


def proto_response(response: Fields) -> Fields:
    """A `SendMessageResponse` or `StreamResponse`."""
    ((kind, value),) = response.items()
    match kind:
        case "task":
            return {"task": proto_task(value)}
        case "message":
            return {"msg": _message(value)}
        case "statusUpdate":
            final = value["status"]["state"] in _LAST
            return {kind: {**value, "status": _status(value["status"]), "final": final}}
        case _:
            return {kind: {**value, "artifact": _artifact(value["artifact"])}}


def proto_task(task: Fields) -> Fields:
    """A task."""
    changed: Fields = {**task, "status": _status(task["status"])}
    if "artifacts" in task:
        changed["artifacts"] = [_artifact(artifact) for artifact in task["artifacts"]]
    if "history" in task:
        changed["history"] = [_message(message) for message in task["history"]]
    return changed


def _status(status: Fields) -> Fields:
    changed = dict(status)
    if status["state"] == TaskState.CANCELED:
        changed["state"] = _CANCELLED
    if "message" in status:
        changed["message"] = _message(status["message"])
    return changed


def _message(message: Fields) -> Fields:
    changed = {name: value for name, value in message.items() if name != "parts"}
    changed["content"] = [_part(part) for part in message["parts"]]
    return changed


def _artifact(artifact: Fields) -> Fields:
    return {**artifact, "parts": [_part(part) for part in artifact["parts"]]}


def _part(part: Fields) -> Fields:
    changed: Fields
    if "text" in part:
        changed = {"text": part["text"]}
    elif "data" in part:
        data = part["data"]
        # 0.3 takes objects only.
        changed = {"data": {"data": data if isinstance(data, dict) else {"value": data}}}
    else:
        file: Fields = {"mimeType": part["mediaType"]}
        if "filename" in part:
            file["name"] = part["filename"]
        in_it = "raw" in part
        file |= {"fileWithBytes": part["raw"]} if in_it else {"fileWithUri": part["url"]}
        changed = {"file": file}
    if "metadata" in part:
        changed["metadata"] = part["metadata"]
    return changed


def _to_part(value: JsonValue, path: str) -> JsonObject:
    part = _object(value, path)
    if part is None:
        raise invalid(path, "should be an object")
    if part.get("text") is not None:
        return {"text": part["text"]}
    data = _object(part.get("data"), f"{path}.data")
    if data is not None:
        return {"data": _object(data.get("data"), f"{path}.data.data") or {}}
    file = _object(part.get("file"), f"{path}.file")
    if file is None:
        raise invalid(path, "should have exactly one of text, file and data")
    changed: dict[str, JsonValue] = {
        "mediaType": _member(file, "mimeType", "mime_type"),
        "filename": file.get("name"),
    }
    raw = _member(file, "fileWithBytes", "file_with_bytes")
    url = _member(file, "fileWithUri", "file_with_uri")
    if raw is not None:
        changed["raw"] = raw
    if url is not None:
        changed["url"] = url
    return changed


def _member(fields: Mapping[str, JsonValue], *names: str) -> JsonValue:
    return next((fields[name] for name in names if fields.get(name) is not None), None)


def _object(value: JsonValue, path: str) -> dict[str, Any] | None:
    if value is None or isinstance(value, dict):
        return cast("dict[str, Any] | None", value)
    raise invalid(path, "should be an object")


def to_push_config(body: JsonObject) -> JsonValue:
    """The config inside of what registers one: the protocol buffer wraps it twice, and names the
    task, which the path does already.
    """
    wrapped = body.get("config")
    named = wrapped if isinstance(wrapped, dict) else body
    return _member(named, "pushNotificationConfig", "push_notification_config")


def proto_push_config(result: JsonValue) -> Fields:
    """What the JSON-RPC binding answers with, as the protocol buffer has it."""
    if result is None:
        return {}
    if isinstance(result, list):
        configs: list[JsonValue] = [proto_push_config(one) for one in result]
        return {"configs": configs, "nextPageToken": ""}
    fields = cast("Fields", result)
    config = cast("Fields", fields["pushNotificationConfig"])
    name = f"tasks/{fields['taskId']}/pushNotificationConfigs/{config['id']}"
    return {"name": name, "pushNotificationConfig": config}


__all__ = [
    "fault_name",
    "proto_push_config",
    "proto_response",
    "proto_task",
    "to_push_config",
    "to_send_1_0",
]
