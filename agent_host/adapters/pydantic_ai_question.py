"""Tool calls of a Pydantic AI agent that wait for somebody, as questions, and the answers back."""

from collections.abc import Mapping
from typing import Final, cast

from pydantic_ai import messages as sdk
from pydantic_ai.exceptions import ToolFailed
from pydantic_ai.tools import (
    DeferredToolApprovalResult,
    DeferredToolRequests,
    DeferredToolResults,
    ToolApproved,
    ToolDefinition,
    ToolDenied,
)

from agent_host.adapters.pydantic_ai_message import to_arguments
from agent_host.calling.answer import to_json
from agent_host.types.identifier import QuestionId
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.question import Answer, Question, QuestionKind
from agent_host.types.turn import Turn

APPROVAL_SCHEMA: Final[JsonObject] = {
    "anyOf": [
        {"type": "boolean"},
        {
            "type": "object",
            "properties": {
                "approved": {"type": "boolean"},
                "arguments": {"type": "object", "description": "Used instead of the model's."},
                "message": {"type": "string", "description": "Why not, told to the model."},
            },
            "required": ["approved"],
            "additionalProperties": False,
        },
    ]
}


def to_questions(requests: DeferredToolRequests) -> tuple[Question, ...]:
    """One question per waiting call, under the call's id.

    `metadata` holds the `tool`, its `arguments`, and what the tool itself attached as `details`.
    """
    approvals = [
        _to_question(call, "approval", f"May the tool {call.tool_name} run?", requests)
        for call in requests.approvals
    ]
    calls = [
        _to_question(call, "input", f"The agent asks by way of {call.tool_name}.", requests)
        if requests.kind(call.tool_call_id) == "question"
        else _to_question(call, "client_tool", f"Run the tool {call.tool_name}.", requests)
        for call in requests.calls
    ]
    return (*approvals, *calls)


def _to_question(
    call: sdk.ToolCallPart, kind: QuestionKind, prompt: str, requests: DeferredToolRequests
) -> Question:
    details = requests.metadata.get(call.tool_call_id)
    attached = {} if details is None else {"details": to_json(details)}
    return Question(
        id=QuestionId(call.tool_call_id),
        kind=kind,
        prompt=prompt,
        schema=APPROVAL_SCHEMA if kind == "approval" else None,
        metadata={"tool": call.tool_name, "arguments": to_arguments(call), **attached},
    )


def to_results(requests: DeferredToolRequests, answer: Answer) -> DeferredToolResults:
    """The answers in the agent's form. What was not answered counts as denied or failed."""
    values = answer.values
    return requests.build_results(
        approvals={
            call.tool_call_id: _to_approval(values.get(QuestionId(call.tool_call_id)))
            for call in requests.approvals
        },
        calls={
            call.tool_call_id: values[question]
            if (question := QuestionId(call.tool_call_id)) in values
            else ToolFailed("There was no answer.")
            for call in requests.calls
        },
    )


def _to_approval(value: JsonValue) -> bool | DeferredToolApprovalResult:
    if not isinstance(value, Mapping):
        return value is True
    if value.get("approved") is not True:
        message = value.get("message")
        return ToolDenied(message) if isinstance(message, str) else ToolDenied()
    arguments = value.get("arguments")
    if isinstance(arguments, Mapping):
        return ToolApproved(override_args=dict(cast("Mapping[str, object]", arguments)))
    return ToolApproved()


def client_tools(turn: Turn) -> list[ToolDefinition]:
    """The caller's own tools (`name`, `description`, `parameters`); the nameless are left out."""
    return [
        ToolDefinition(
            name=name,
            description=description if isinstance(description, str) else None,
            parameters_json_schema=dict(cast("Mapping[str, object]", parameters))
            if isinstance(parameters, Mapping)
            else {"type": "object", "properties": {}},
        )
        for tool in turn.client_tools
        if isinstance(name := tool.get("name"), str)
        for description, parameters in [(tool.get("description"), tool.get("parameters"))]
    ]


__all__ = ["APPROVAL_SCHEMA", "client_tools", "to_questions", "to_results"]
