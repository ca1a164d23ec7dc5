"""The wire of A2A 1.0 (https://a2a-protocol.org/v1.0.0/specification/) and of 0.3
(https://a2a-protocol.org/v0.3.0/specification/): names, states and limits.

The data model of 1.0 is a protocol buffer in its JSON form: members are written in camelCase, read
in camelCase or snake_case, and what is unknown is passed over.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

VERSION_1_0: Final = "1.0"
VERSION_0_3: Final = "0.3"
VERSION_HEADER: Final = b"a2a-version"
EXTENSIONS_HEADER: Final = b"a2a-extensions"
EXTENSIONS_HEADER_0_3: Final = b"x-a2a-extensions"

CARD_PATH: Final = "/.well-known/agent-card.json"
CARD_PATH_0_2: Final = "/.well-known/agent.json"
RPC_PATH_0_2: Final = "/rpc"
HTTP_PATH_0_3: Final = "/v1"
"""Behind the channel's own path: clients of 0.3 add it to the URL on the card."""

METHOD_0_2: Final = "tasks/send"

JSON_RPC: Final = "JSONRPC"
HTTP_JSON: Final = "HTTP+JSON"
A2A_MEDIA_TYPE: Final = b"application/a2a+json"
JSON_MEDIA_TYPE: Final = b"application/json"

ROLE_USER: Final = "ROLE_USER"
ROLE_AGENT: Final = "ROLE_AGENT"

ANSWER_ARTIFACT: Final = "answer"
"""The id of the artifact that holds what the agent says; others are the target's own."""

PAGE_DEFAULT: Final = 50
PAGE_LIMIT: Final = 100
PARTS_LIMIT: Final = 1000
NAME_LIMIT: Final = 256
"""Characters of an id that a client makes up."""


class TaskState(StrEnum):
    """`rejected` is a failure with that code; `auth_required` a question of that kind."""

    SUBMITTED = "TASK_STATE_SUBMITTED"
    WORKING = "TASK_STATE_WORKING"
    COMPLETED = "TASK_STATE_COMPLETED"
    FAILED = "TASK_STATE_FAILED"
    CANCELED = "TASK_STATE_CANCELED"
    INPUT_REQUIRED = "TASK_STATE_INPUT_REQUIRED"
    REJECTED = "TASK_STATE_REJECTED"
    AUTH_REQUIRED = "TASK_STATE_AUTH_REQUIRED"


TERMINAL: Final = frozenset(
    {TaskState.COMPLETED, TaskState.FAILED, TaskState.CANCELED, TaskState.REJECTED}
)
INTERRUPTED: Final = frozenset({TaskState.INPUT_REQUIRED, TaskState.AUTH_REQUIRED})

STATE_NAMES_0_3: Final[Mapping[str, str]] = MappingProxyType(
    {state: state.removeprefix("TASK_STATE_").lower().replace("_", "-") for state in TaskState}
)
"""How 0.3 spells a state."""


class Operation(StrEnum):
    """What can be asked for, by its name in the JSON-RPC binding of 1.0."""

    SEND = "SendMessage"
    STREAM = "SendStreamingMessage"
    GET = "GetTask"
    LIST = "ListTasks"
    CANCEL = "CancelTask"
    SUBSCRIBE = "SubscribeToTask"
    CREATE_PUSH = "CreateTaskPushNotificationConfig"
    GET_PUSH = "GetTaskPushNotificationConfig"
    LIST_PUSH = "ListTaskPushNotificationConfigs"
    DELETE_PUSH = "DeleteTaskPushNotificationConfig"
    EXTENDED_CARD = "GetExtendedAgentCard"


METHODS_1_0: Final[Mapping[str, Operation]] = MappingProxyType(
    {operation.value: operation for operation in Operation}
)
METHODS_0_3: Final[Mapping[str, Operation]] = MappingProxyType(
    {
        "message/send": Operation.SEND,
        "message/stream": Operation.STREAM,
        "tasks/get": Operation.GET,
        "tasks/cancel": Operation.CANCEL,
        "tasks/resubscribe": Operation.SUBSCRIBE,
        "tasks/pushNotificationConfig/set": Operation.CREATE_PUSH,
        "tasks/pushNotificationConfig/get": Operation.GET_PUSH,
        "tasks/pushNotificationConfig/list": Operation.LIST_PUSH,
        "tasks/pushNotificationConfig/delete": Operation.DELETE_PUSH,
        "agent/getAuthenticatedExtendedCard": Operation.EXTENDED_CARD,
    }
)

__all__ = [
    "A2A_MEDIA_TYPE",
    "ANSWER_ARTIFACT",
    "CARD_PATH",
    "CARD_PATH_0_2",
    "EXTENSIONS_HEADER",
    "EXTENSIONS_HEADER_0_3",
    "HTTP_JSON",
    "HTTP_PATH_0_3",
    "INTERRUPTED",
    "JSON_MEDIA_TYPE",
    "JSON_RPC",
    "METHODS_0_3",
    "METHODS_1_0",
    "METHOD_0_2",
    "NAME_LIMIT",
    "PAGE_DEFAULT",
    "PAGE_LIMIT",
    "PARTS_LIMIT",
    "ROLE_AGENT",
    "ROLE_USER",
    "RPC_PATH_0_2",
    "STATE_NAMES_0_3",
    "TERMINAL",
    "VERSION_0_3",
    "VERSION_1_0",
    "VERSION_HEADER",
    "Operation",
    "TaskState",
]
