"""Questions get their ids, and answers are held against them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from agent_host.errors import FailureCode, InvalidInputError, NoQuestionError, TargetError
from agent_host.protocols.clock import IdFactory
from agent_host.types.identifier import QUESTION_PREFIX, QuestionId
from agent_host.types.json import JsonValue
from agent_host.types.question import UNASSIGNED, Answer, Question


class SuspendedError(Exception):
    """Leaves the drive of a target that resumes: the run waits for its answer in the store."""


def with_ids(questions: Sequence[Question], ids: IdFactory) -> tuple[Question, ...]:
    """The questions, each with an id.

    Raises:
        TargetError: there are none, two share an id, or a schema is no JSON Schema.
    """
    named = tuple(
        replace(question, id=QuestionId(ids.new(QUESTION_PREFIX)))
        if question.id == UNASSIGNED
        else question
        for question in questions
    )
    if not named or len({question.id for question in named}) < len(named):
        message = "The agent asked nothing, or the same thing twice."
        raise TargetError(message, code=FailureCode.TARGET_PROTOCOL)
    for question in named:
        if question.schema is not None:
            from agent_host.host.run.answer_schema import check_schema  # noqa: PLC0415 - see there

            check_schema(question.schema)
    return named


def to_answer(questions: Sequence[Question], values: Mapping[str, JsonValue]) -> Answer:
    """The values as an answer to exactly these questions.

    Raises:
        NoQuestionError: a question is missing, or a value answers none.
        InvalidInputError: a value does not fit its question's schema.
    """
    open_ids = [question.id for question in questions]
    if set(open_ids) != set(values):
        message = f"Answer exactly the open questions: {', '.join(open_ids)}."
        raise NoQuestionError(message)
    problems: list[tuple[str, str]] = []
    for question in questions:
        if question.schema is not None:
            from agent_host.host.run.answer_schema import find_problems  # noqa: PLC0415 - see there

            for path, rule in find_problems(question.schema, values[question.id]):
                problems.append((f"{question.id}.{path}" if path else question.id, rule))
    if problems:
        message = "The answer does not have the form that was asked for."
        raise InvalidInputError(message, tuple(problems))
    return Answer(values={question_id: values[question_id] for question_id in open_ids})


__all__ = ["SuspendedError", "to_answer", "with_ids"]
