"""What an agent elsewhere answers, in whatever version, as the `StreamResponse` of 1.0. Pure.

Somebody else wrote it: nothing is taken for granted but JSON, and only the members that are read
later are kept.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

from agent_host.agents.remote_a2a.failure import unreadable
from agent_host.agents.remote_a2a.message_form import Fields

_KINDS: Final = ("task", "message", "statusUpdate", "artifactUpdate")
_OLD_KINDS: Final = {
    "task": "task",
    "message": "message",
    "status-update": "statusUpdate",
    "artifact-update": "artifactUpdate",
}
_OLD_STATES: Final = {
    name.lower().replace("_", "-"): f"TASK_STATE_{name}"
    for name in (
        "SUBMITTED",
        "WORKING",
        "COMPLETED",
        "FAILED",
        "CANCELED",
        "INPUT_REQUIRED",
        "REJECTED",
        "AUTH_REQUIRED",
    )
}


def to_response(value: object, *, is_old: bool) -> Fields:
    """A `StreamResponse`: an object with one of `task`, `message`, `statusUpdate`,
    `artifactUpdate`.

    Raises:
        RemoteError: it is none.
    """
    fields = as_object(value)
    if not is_old:
        for kind in _KINDS:
            if isinstance(fields.get(kind), Mapping):
                return {kind: as_object(fields[kind])}
        raise unreadable("what is no task and no message")
    # `tasks/send` names no kind: what has a status is a task.
    otherwise = "task" if "status" in fields else ""
    kind = _OLD_KINDS.get(str(fields.get("kind")), otherwise)
    match kind:
        case "task":
            return {"task": _task(fields)}
        case "message":
            return {"message": _with_parts(fields)}
        case "statusUpdate":
            return {kind: {**fields, "status": _status(fields.get("status"))}}
        case "artifactUpdate":
            return {kind: {**fields, "artifact": _with_parts(as_object(fields.get("artifact")))}}
        case _:
            raise unreadable("what is no task and no message")


def to_task(value: object, *, is_old: bool) -> Fields:
    """A task as `GetTask` gives it.

    Raises:
        RemoteError: it is none.
    """
    fields = as_object(value)
    if not is_old and "task" in fields:  # as some answer
        fields = as_object(fields["task"])
    if not isinstance(fields.get("id"), str):
        raise unreadable("what is no task")
    return {"task": _task(fields) if is_old else fields}


def as_object(value: object) -> Fields:
    """The object; an empty one for anything else."""
    return cast("Fields", value) if isinstance(value, dict) else {}


def as_objects(value: object) -> list[Fields]:
    """The objects of a list; none for anything else."""
    if not isinstance(value, list):
        return []
    items = cast("list[object]", value)
    return [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]


def _task(task: Fields) -> Fields:
    artifacts = [_with_parts(artifact) for artifact in as_objects(task.get("artifacts"))]
    for index, artifact in enumerate(artifacts):
        artifact.setdefault("artifactId", f"artifact-{artifact.get('index', index)}")
    context = task.get("contextId", task.get("sessionId"))
    return {
        **task,
        "contextId": context,
        "status": _status(task.get("status")),
        "artifacts": artifacts,
    }


def _status(value: object) -> Fields:
    status = as_object(value)
    state = status.get("state")
    changed = {**status, "state": _OLD_STATES.get(state, "") if isinstance(state, str) else ""}
    if isinstance(status.get("message"), dict):
        changed["message"] = _with_parts(as_object(status["message"]))
    return changed


def _with_parts(fields: Fields) -> Fields:
    return {**fields, "parts": [_part(part) for part in as_objects(fields.get("parts"))]}


def _part(part: Fields) -> Fields:
    kept = {"metadata": part["metadata"]} if "metadata" in part else {}
    match part.get("kind", part.get("type")):
        case "text":
            return {"text": part.get("text"), **kept}
        case "data":
            return {"data": part.get("data"), **kept}
        case "file":
            file = as_object(part.get("file"))
            content = {"raw": file["bytes"]} if file.get("bytes") else {"url": file.get("uri")}
            return {
                **content,
                "mediaType": file.get("mimeType"),
                "filename": file.get("name"),
                **kept,
            }
        case _:
            return {}


__all__ = ["as_object", "as_objects", "to_response", "to_task"]
