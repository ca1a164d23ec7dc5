"""What an agent elsewhere asks, as our questions; and our answers, as its parts. Pure."""

from collections.abc import Iterator, Mapping
from typing import Final, cast

import orjson

from agent_host.agents.remote_a2a.message_form import JSON_MODE, Fields, answer_parts
from agent_host.agents.remote_a2a.part_form import text_of
from agent_host.agents.remote_a2a.reply_form import as_object, as_objects
from agent_host.types.identifier import QuestionId
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.question import Answer, Question, QuestionKind

_KINDS: Final[Mapping[object, QuestionKind]] = {
    "input": "input",
    "approval": "approval",
    "auth": "auth",
}
_QUESTIONS_LIMIT: Final = 32
_ID_LIMIT: Final = 128
_SCHEMA_LIMIT: Final = 16 * 1024
_UNSAFE: Final = (b'"$ref"', b'"$dynamicRef"', b'"$recursiveRef"', b'"pattern', b'"format"')
_PROMPT: Final = "The remote agent needs more to go on."
_SIGN_IN: Final = "The remote agent needs you to sign in."


def to_questions(status: Fields, *, is_sign_in: bool) -> tuple[Question, ...]:
    """The questions of a status. A host of our kind names each, with its schema, in a data part;
    from any other there is one, which is the message's text.
    """
    message = as_object(status.get("message"))
    named = tuple(_named(message))
    if named:
        return named
    prompt = text_of(message.get("parts")) or (_SIGN_IN if is_sign_in else _PROMPT)
    data: list[JsonValue] = [
        part["data"] for part in as_objects(message.get("parts")) if "data" in part
    ]
    metadata: JsonObject = {"data": data} if data else {}
    kind: QuestionKind = "auth" if is_sign_in else "input"
    return (Question(prompt=prompt, kind=kind, metadata=metadata),)


def has_names(questions: tuple[Question, ...]) -> bool:
    """Whether the agent itself gave the questions their ids, and wants them with the answers."""
    return all(question.id for question in questions)


def to_parts(answer: Answer, *, is_named: bool) -> list[Fields]:
    """What is sent for an answer."""
    if is_named:
        values = {str(name): value for name, value in answer.values.items()}
        return [{"data": values, "mediaType": JSON_MODE}]
    return answer_parts(answer.value)


def _named(message: Fields) -> Iterator[Question]:
    for part in as_objects(message.get("parts")):
        asked = as_objects(as_object(part.get("data")).get("questions"))
        for one in asked[:_QUESTIONS_LIMIT]:
            question_id, prompt = one.get("id"), one.get("prompt")
            if not (isinstance(question_id, str) and isinstance(prompt, str) and question_id):
                return
            if len(question_id) > _ID_LIMIT or not question_id.isprintable():
                return
            yield Question(
                id=QuestionId(question_id),
                prompt=prompt,
                kind=_KINDS.get(one.get("kind"), "input"),
                schema=_schema(one.get("schema")),
                metadata=as_object(one.get("metadata")),
            )
        if asked:
            return


def _schema(value: object) -> JsonObject | None:
    """A schema that costs little to hold an answer against, and leads nowhere else; an agent that
    is given what it does not want says so itself.
    """
    if not isinstance(value, dict):
        return None
    text = orjson.dumps(value)
    if len(text) > _SCHEMA_LIMIT or any(word in text for word in _UNSAFE):
        return None
    return cast("JsonObject", value)


__all__ = ["has_names", "to_parts", "to_questions"]
