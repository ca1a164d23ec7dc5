"""What a run asks of its caller: output items for the questions, and the caller's replies as their
answers. Pure.

A `client_tool` is a `function_call`, an `approval` an `mcp_approval_request`. The protocol has no
words for other questions: their prompt is a message, and what the caller says next is the answer.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from agent_host.types import JsonValue, Message, Question
from agent_host.wire.json_text import json_text, parse_text
from agent_host_openai.identifier import approval_id, call_id, digest_of, parse_asked_id
from agent_host_openai.item import ItemInput, Reply
from agent_host_openai.problem import WireError, invalid

Fields: TypeAlias = dict[str, Any]

CLIENT_TOOL: Final = "client_tool"
APPROVAL: Final = "approval"


def tool_of(question: Question) -> str:
    """The tool that a question is about."""
    name = question.metadata.get("tool", question.metadata.get("name"))
    return name if isinstance(name, str) and name else "ask"


def arguments_of(question: Question) -> str:
    """The arguments for it, as JSON text."""
    return json_text(question.metadata.get("arguments") or {})


def call_fields(question: Question, *, run_id: str, item_id: str, status: str) -> Fields:
    """The call that the caller is to make."""
    return {
        "id": item_id,
        "type": "function_call",
        "status": status,
        "call_id": call_id(run_id, question.id),
        "name": tool_of(question),
        "arguments": arguments_of(question),
    }


def approval_fields(question: Question, *, run_id: str, server_label: str) -> Fields:
    """The approval that the caller is to give."""
    return {
        "id": approval_id(run_id, question.id),
        "type": "mcp_approval_request",
        "server_label": server_label,
        "name": tool_of(question),
        "arguments": arguments_of(question),
    }


def run_asked_by(replies: Sequence[Reply]) -> str | None:
    """The one run that all of these are replies to; None if they are to none of ours, or many."""
    keys = [parse_asked_id(reply.id) for reply in replies]
    runs = {None if key is None else key.run_id for key in keys}
    return runs.pop() if len(runs) == 1 else None


def fits(questions: Sequence[Question], replies: Sequence[Reply]) -> bool:
    """Whether all of these replies are to open questions."""
    digests = {digest_of(question.id) for question in questions}
    keys = (parse_asked_id(reply.id) for reply in replies)
    return all(key is not None and key.digest in digests for key in keys)


def to_answers(
    run_id: str, questions: Sequence[Question], given: ItemInput
) -> Mapping[str, JsonValue]:
    """The answers in what the caller sent, by question id.

    Raises:
        WireError: a call has no output, an output no call, or something was said to nobody.
    """
    by_digest = {digest_of(question.id): question for question in questions}
    answers: dict[str, JsonValue] = {}
    for reply in given.replies:
        key = parse_asked_id(reply.id)
        question = None if key is None or key.run_id != run_id else by_digest.get(key.digest)
        if question is None:
            raise no_call(reply)
        answers[question.id] = _fitted(question, reply.value)
    open_questions = [question for question in questions if question.id not in answers]
    if given.said:
        if len(open_questions) != 1 or open_questions[0].kind in (CLIENT_TOOL, APPROVAL):
            raise _unanswered(run_id, open_questions)
        (question,) = open_questions
        answers[question.id] = _fitted(question, _text_of(given.said))
    elif open_questions:
        raise _unanswered(run_id, open_questions)
    return answers


def no_call(reply: Reply) -> WireError:
    """The reply is to a call that nobody waits for."""
    text = "No tool call found for function call output with this call_id"
    return invalid(reply.param, text)


def _unanswered(run_id: str, questions: Sequence[Question]) -> WireError:
    if not questions:
        return invalid("input", "should have the outputs of the calls and nothing else")
    question = questions[0]
    asked = (approval_id if question.kind == APPROVAL else call_id)(run_id, question.id)
    return invalid("input", f"No tool output found for function call {asked}")


def _fitted(question: Question, value: JsonValue) -> JsonValue:
    # An output is a text on this wire; where a form was asked for, the text is JSON of that form.
    if question.schema is not None and isinstance(value, str):
        return value if question.schema.get("type") == "string" else parse_text(value)
    return value


def _text_of(said: Sequence[Message]) -> str:
    return "\n".join(message.text for message in said)


__all__ = [
    "APPROVAL",
    "CLIENT_TOOL",
    "Fields",
    "approval_fields",
    "arguments_of",
    "call_fields",
    "fits",
    "no_call",
    "run_asked_by",
    "to_answers",
    "tool_of",
]
