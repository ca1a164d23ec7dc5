"""Parameters of the operations, from the wire of 1.0. Pure.

What 0.3 sends is put into the form of 1.0 first, see `inbound_0_3`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from agent_host.errors import MalformedJsonError, NestingError
from agent_host.types import (
    Caller,
    ChannelRequest,
    DataPart,
    JsonObject,
    JsonValue,
    Message,
    MessageId,
    Part,
    Question,
    SessionMode,
    TextPart,
)
from agent_host.wire.json_text import json_bytes, parse_json
from agent_host_a2a.config import A2AConfig
from agent_host_a2a.fault import Fault, FaultError, invalid
from agent_host_a2a.member import Members
from agent_host_a2a.page_token import PageToken, read_page_token
from agent_host_a2a.part import overlap, to_part
from agent_host_a2a.push_config import PushConfig, to_config
from agent_host_a2a.schema import (
    PAGE_DEFAULT,
    PAGE_LIMIT,
    PARTS_LIMIT,
    ROLE_USER,
    VERSION_1_0,
    TaskState,
)

OWN_METADATA: Final = "a2a"
"""Where a run's metadata keep what this channel has to remember of its task."""

_URIS_LIMIT: Final = 64
_METADATA_LIMIT_BYTES: Final = 16 * 1024
_STATES: Final[Mapping[str, TaskState | None]] = {
    **{state.value: state for state in TaskState},
    "TASK_STATE_UNSPECIFIED": None,
}
_YES: Final = frozenset({"yes", "y", "true", "ok", "approve", "approved"})
_NO: Final = frozenset({"no", "n", "false", "deny", "denied", "reject", "rejected"})
_BOOLEAN: Final = "boolean"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendParams:
    """A message, and how its sender wants to be answered. `history_length` None is no limit."""

    message: Message
    task_id: str | None = None
    context_id: str | None = None
    references: tuple[str, ...] = ()
    metadata: JsonObject = field(default_factory=dict[str, JsonValue])
    accepted: tuple[str, ...] = ()
    history_length: int | None = None
    returns_immediately: bool = False
    push: PushConfig | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskParams:
    """Which task, and how much of its history."""

    task_id: str
    history_length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListParams:
    """Which tasks, and how many of them."""

    context_id: str | None = None
    state: TaskState | None = None
    changed_after: datetime | None = None
    page_size: int = PAGE_DEFAULT
    behind: PageToken | None = None
    history_length: int | None = 0
    with_artifacts: bool = False


def to_send(params: JsonObject, *, config: A2AConfig, version: str = VERSION_1_0) -> SendParams:
    """What `SendMessage` and `SendStreamingMessage` take. `version` is what the client speaks: its
    push notifications are in that one.

    Raises:
        FaultError: a parameter is not as documented, or asks for what is not offered.
    """
    request = opened(params)
    message = request.members("message")
    if message is None:
        raise invalid("message", "is required")
    message_id = message.required_identifier("messageId")
    if message.get("role") != ROLE_USER:
        raise invalid(message.path("role"), f"should be {ROLE_USER}")
    parts = _parts(message, config)
    accepted: tuple[str, ...] = ()
    history_length: int | None = None
    immediately = False
    push: PushConfig | None = None
    wishes = request.members("configuration")
    if wishes is not None:
        accepted = wishes.texts("acceptedOutputModes", most=_URIS_LIMIT)
        if accepted and not overlap(config.output_modes, accepted):
            text = f"The agent answers in {', '.join(config.output_modes)} only."
            raise FaultError(Fault.CONTENT_TYPE, text)
        push = _push(wishes, version, accepted)
        history_length = wishes.integer("historyLength", least=0)
        immediately = wishes.boolean("returnImmediately") or False
    return SendParams(
        message=Message(
            role="user",
            parts=parts,
            id=MessageId(message_id),
            metadata=message.object("metadata") or {},
        ),
        task_id=message.identifier("taskId"),
        context_id=message.identifier("contextId"),
        references=message.texts("referenceTaskIds", most=_URIS_LIMIT),
        metadata=_metadata(request),
        accepted=accepted,
        history_length=history_length,
        returns_immediately=immediately,
        push=push,
    )


def to_request(
    params: SendParams,
    *,
    caller: Caller,
    extensions: Sequence[str] = (),
    idempotency_key: str | None = None,
) -> ChannelRequest:
    """The turn that a message without a task is."""
    message_id = str(params.message.id)
    own: dict[str, JsonValue] = {"messageId": message_id}
    if params.context_id is not None:
        own["contextId"] = params.context_id
    seen: dict[str, JsonValue] = {"messageId": message_id}
    if params.accepted:
        seen["acceptedOutputModes"] = params.accepted
    if params.references:
        seen["referenceTaskIds"] = params.references
    if extensions:
        seen["extensions"] = tuple(extensions)
    return ChannelRequest(
        caller=caller,
        input=(params.message,),
        session=params.context_id,
        session_mode=SessionMode.AUTO,
        attributes={OWN_METADATA: seen},
        metadata={**params.metadata, OWN_METADATA: own},
        idempotency_key=idempotency_key,
    )


def to_task(params: JsonObject) -> TaskParams:
    """What the operations on one task take."""
    request = opened(params)
    return TaskParams(
        task_id=request.required_identifier("id"),
        history_length=request.integer("historyLength", least=0),
    )


def to_list(params: JsonObject) -> ListParams:
    """What `ListTasks` takes."""
    request = opened(params)
    size = request.integer("pageSize", least=1)
    if size is not None and size > PAGE_LIMIT:
        raise invalid("pageSize", f"should be an integer from 1 to {PAGE_LIMIT}")
    status = request.text("status")
    if status and status not in _STATES:
        raise invalid("status", f"should be one of {', '.join(TaskState)}")
    token = request.text("pageToken")
    return ListParams(
        context_id=request.identifier("contextId"),
        state=_STATES[status] if status else None,
        changed_after=request.time("statusTimestampAfter"),
        page_size=size or PAGE_DEFAULT,
        behind=read_page_token(token) if token else None,
        history_length=request.integer("historyLength", least=0) or 0,
        with_artifacts=request.boolean("includeArtifacts") or False,
    )


def to_values(
    parts: Sequence[Part], questions: Sequence[Question], *, nesting_limit: int
) -> Mapping[str, JsonValue]:
    """What a message answers, by question.

    A data part with the open questions' ids answers each of them. The one open question may also be
    answered by any data part, or by the message's text: yes or no where a boolean is asked for,
    JSON where the question has a schema of another kind.

    Raises:
        FaultError: several questions are open, and the message does not name them.
    """
    ids = [str(question.id) for question in questions]
    for part in parts:
        if (
            isinstance(part, DataPart)
            and isinstance(part.data, Mapping)
            and set(part.data) == {*ids}
        ):
            return part.data
    if len(questions) != 1:
        known = ", ".join(ids)
        raise invalid(
            "message.parts", f"should have a data part with an answer to each of: {known}"
        )
    (question,) = questions
    data = next((part.data for part in parts if isinstance(part, DataPart)), None)
    if data is not None:
        return {ids[0]: data}
    text = "".join(part.text for part in parts if isinstance(part, TextPart))
    return {ids[0]: _typed(text, question, nesting_limit)}


def no_push() -> FaultError:
    """Whatever has to do with push notifications."""
    return FaultError(Fault.PUSH, "This agent sends no push notifications.")


def opened(params: JsonObject) -> Members:
    """Parameters to be read.

    Raises:
        FaultError: they name a tenant.
    """
    request = Members(params)
    if request.text("tenant"):
        raise invalid("tenant", "this agent has no tenants")
    return request


def _push(wishes: Members, version: str, accepted: tuple[str, ...]) -> PushConfig | None:
    wanted = wishes.members("taskPushNotificationConfig")
    return None if wanted is None else to_config(wanted, version=version, accepted=accepted)


def _parts(message: Members, config: A2AConfig) -> tuple[Part, ...]:
    items = message.items("parts", most=PARTS_LIMIT)
    if not items:
        raise invalid(message.path("parts"), "should have at least one part")
    return tuple(
        [
            to_part(
                item,
                f"{message.path('parts')}[{index}]",
                modes=config.input_modes,
                limit_bytes=config.file_limit_bytes,
            )
            for index, item in enumerate(items)
        ]
    )


def _metadata(request: Members) -> JsonObject:
    metadata = request.object("metadata")
    if not metadata:
        return {}
    if len(json_bytes(metadata)) > _METADATA_LIMIT_BYTES:
        raise invalid("metadata", f"should have at most {_METADATA_LIMIT_BYTES} bytes")
    return metadata


def _typed(text: str, question: Question, nesting_limit: int) -> JsonValue:
    schema = question.schema
    kind = None if schema is None else schema.get("type")
    if kind == _BOOLEAN or (schema is None and question.kind == "approval"):
        word = text.strip().strip(".!").lower()
        if word in _YES:
            return True
        if word in _NO:
            return False
        raise invalid("message.parts", "should answer yes or no")
    if schema is None or kind == "string":
        return text
    try:
        return parse_json(text.encode(), nesting_limit=nesting_limit)
    except (MalformedJsonError, NestingError):
        return text  # the host holds it against the schema and says what is wrong with it


__all__ = [
    "OWN_METADATA",
    "ListParams",
    "SendParams",
    "TaskParams",
    "no_push",
    "opened",
    "to_list",
    "to_request",
    "to_send",
    "to_task",
    "to_values",
]
