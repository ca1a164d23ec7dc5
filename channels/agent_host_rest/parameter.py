"""The parameters of operations, for the OpenAPI document."""

from typing import Final

from agent_host_rest.wish import (
    AGENTCORE_SESSION_HEADER,
    MESSAGES_DEFAULT,
    MESSAGES_LIMIT,
    PAGE_DEFAULT,
    PAGE_LIMIT,
    SEQUENCE_LIMIT,
)

PARAMETERS: Final[dict[str, dict[str, object]]] = {
    "run_id": {
        "name": "run_id",
        "in": "path",
        "required": True,
        "description": "The run's id: the token of a background invocation.",
        "schema": {"type": "string", "minLength": 1},
    },
    "session_id": {
        "name": "session_id",
        "in": "path",
        "required": True,
        "description": "The session's id, or your own name for it.",
        "schema": {"$ref": "#/components/schemas/SessionName"},
    },
    "command_name": {
        "name": "command_name",
        "in": "path",
        "required": True,
        "description": "The command's name, without a slash.",
        "schema": {"type": "string", "minLength": 1},
    },
    "file_id": {
        "name": "file_id",
        "in": "path",
        "required": True,
        "description": "The `id` of a file part.",
        "schema": {"type": "string", "minLength": 1},
    },
    "after": {
        "name": "after",
        "in": "query",
        "description": "Go on behind this sequence number; -1 is the start.",
        "schema": {"type": "integer", "minimum": -1, "maximum": SEQUENCE_LIMIT, "default": -1},
    },
    "cursor": {
        "name": "cursor",
        "in": "query",
        "description": "The `next_cursor` of the page before.",
        "schema": {"type": "string"},
    },
    "limit": {
        "name": "limit",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": PAGE_LIMIT, "default": PAGE_DEFAULT},
    },
    "messages_limit": {
        "name": "limit",
        "in": "query",
        "description": "How many messages at most.",
        "schema": {
            "type": "integer",
            "minimum": 1,
            "maximum": MESSAGES_LIMIT,
            "default": MESSAGES_DEFAULT,
        },
    },
    "Last-Event-ID": {
        "name": "Last-Event-ID",
        "in": "header",
        "description": "The id of the last event you saw. Wins over `after`.",
        "schema": {"type": "integer", "minimum": -1, "maximum": SEQUENCE_LIMIT},
    },
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The same key with the same request gives the same run, once. It may stand "
        "in quotes.",
        "schema": {"type": "string", "pattern": '^(?:[!#-~]{1,255}|"[!#-~]{1,255}")$'},
    },
    "Prefer": {
        "name": "Prefer",
        "in": "header",
        "description": "`respond-async` asks for a background run (RFC 7240).",
        "schema": {"type": "string"},
    },
    AGENTCORE_SESSION_HEADER: {
        "name": AGENTCORE_SESSION_HEADER,
        "in": "header",
        "description": "The session where the body names none.",
        "schema": {"$ref": "#/components/schemas/SessionName"},
    },
}

__all__ = ["PARAMETERS"]
