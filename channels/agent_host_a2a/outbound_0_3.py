"""Tasks, messages and updates of 1.0 in the spelling of A2A 0.3. Pure.

https://a2a-protocol.org/v0.3.0/specification/: every object has its `kind`, states and roles are in
lower case, and the last update of a stream is `final`.
"""

from typing import Any, Final

from agent_host_a2a.part import Fields
from agent_host_a2a.schema import INTERRUPTED, ROLE_USER, STATE_NAMES_0_3, TERMINAL

_LAST: Final = frozenset({state.value for state in (*TERMINAL, *INTERRUPTED)})


def from_response(response: Fields) -> Fields:
    """A `SendMessageResponse` or `StreamResponse`, which 0.3 does not wrap."""
    ((kind, value),) = response.items()
    match kind:
        case "task":
            return from_task(value)
        case "message":
            return from_message(value)
        case "statusUpdate":
            return from_status_update(value)
        case _:
            return from_artifact_update(value)


def from_task(task: Fields) -> Fields:
    """A task."""
    changed: Fields = {**task, "kind": "task", "status": _status(task["status"])}
    if "artifacts" in task:
        changed["artifacts"] = [_artifact(artifact) for artifact in task["artifacts"]]
    if "history" in task:
        changed["history"] = [from_message(message) for message in task["history"]]
    return changed


def from_message(message: Fields) -> Fields:
    """A message."""
    role = "user" if message["role"] == ROLE_USER else "agent"
    parts = [_part(part) for part in message["parts"]]
    return {**message, "kind": "message", "role": role, "parts": parts}


def from_status_update(update: Fields) -> Fields:
    """A change of state; `final` where the stream ends with it."""
    status: dict[str, Any] = update["status"]
    final = status["state"] in _LAST
    return {**update, "kind": "status-update", "status": _status(status), "final": final}


def from_artifact_update(update: Fields) -> Fields:
    """A piece of an artifact."""
    return {
        **update,
        "kind": "artifact-update",
        "artifact": _artifact(update["artifact"]),
        "append": update.get("append", False),
        "lastChunk": update.get("lastChunk", False),
    }


def _status(status: Fields) -> Fields:
    changed: Fields = {**status, "state": STATE_NAMES_0_3[status["state"]]}
    if "message" in status:
        changed["message"] = from_message(status["message"])
    return changed


def _artifact(artifact: Fields) -> Fields:
    return {**artifact, "parts": [_part(part) for part in artifact["parts"]]}


def _part(part: Fields) -> Fields:
    changed: Fields
    if "text" in part:
        changed = {"kind": "text", "text": part["text"]}
    elif "data" in part:
        data = part["data"]
        # 0.3 takes objects only.
        changed = {"kind": "data", "data": data if isinstance(data, dict) else {"value": data}}
    else:
        file: Fields = {"mimeType": part["mediaType"]}
        if "filename" in part:
            file["name"] = part["filename"]
        file |= {"bytes": part["raw"]} if "raw" in part else {"uri": part["url"]}
        changed = {"kind": "file", "file": file}
    if "metadata" in part:
        changed["metadata"] = part["metadata"]
    return changed


__all__ = [
    "from_artifact_update",
    "from_message",
    "from_response",
    "from_status_update",
    "from_task",
]
