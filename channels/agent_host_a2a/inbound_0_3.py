"""Parameters of A2A 0.3, and of the dialects before it, put into the form of 1.0. Pure.

https://a2a-protocol.org/v0.3.0/specification/: parts have a `kind` (before 0.3 a `type`), roles are
lower case, and `blocking` says the opposite of `returnImmediately`.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

from agent_host.types import JsonObject, JsonValue
from agent_host_a2a.fault import invalid
from agent_host_a2a.schema import ROLE_AGENT, ROLE_USER, Operation

_ROLES: Final[Mapping[JsonValue, str]] = {"user": ROLE_USER, "agent": ROLE_AGENT}
_SENDS: Final = frozenset({Operation.SEND, Operation.STREAM})


def to_1_0(operation: Operation, params: JsonObject) -> JsonObject:
    """The parameters of an operation as 1.0 has them.

    Raises:
        FaultError: a member is not what 0.3 makes of it.
    """
    if operation not in _SENDS:
        return params
    request = dict(params)
    message = _object(request.get("message"), "message")
    if message is not None:
        request["message"] = _message(message)
    wishes = _object(request.get("configuration"), "configuration")
    if wishes is not None:
        request["configuration"] = _configuration(wishes)
    return request


def _message(message: JsonObject) -> JsonObject:
    changed = dict(message)
    role = message.get("role")
    changed["role"] = _ROLES.get(role) if isinstance(role, str) else None
    parts = message.get("parts")
    if isinstance(parts, list):
        items = parts
        changed["parts"] = [_part(part, f"message.parts[{at}]") for at, part in enumerate(items)]
    return changed


def _part(value: JsonValue, path: str) -> JsonObject:
    part = _object(value, path)
    if part is None:
        raise invalid(path, "should be an object")
    kind = part.get("kind", part.get("type"))
    if kind == "text":
        return {"text": part.get("text")}
    if kind == "data":
        if "data" not in part:
            raise invalid(f"{path}.data", "is required")
        return {"data": part["data"]}
    if kind == "file":
        return _file(_object(part.get("file"), f"{path}.file"), path)
    raise invalid(f"{path}.kind", "should be one of text, file and data")


def _file(file: JsonObject | None, path: str) -> JsonObject:
    if file is None:
        raise invalid(f"{path}.file", "is required")
    changed: dict[str, JsonValue] = {}
    if file.get("bytes") is not None:
        changed["raw"] = file["bytes"]
    if file.get("uri") is not None:
        changed["url"] = file["uri"]
    if not changed:
        raise invalid(f"{path}.file", "should have exactly one of bytes and uri")
    return {**changed, "mediaType": file.get("mimeType"), "filename": file.get("name")}


def _configuration(wishes: JsonObject) -> JsonObject:
    changed = dict(wishes)
    changed["returnImmediately"] = wishes.get("blocking") is False
    if wishes.get("pushNotificationConfig") is not None:
        changed["taskPushNotificationConfig"] = wishes["pushNotificationConfig"]
    return changed


def _object(value: JsonValue, path: str) -> dict[str, Any] | None:
    if value is None or isinstance(value, dict):
        return cast("dict[str, Any] | None", value)
    raise invalid(path, "should be an object")


__all__ = ["to_1_0"]
