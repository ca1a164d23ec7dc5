"""A graph's interrupts and breakpoints as questions, and the answers back as commands."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias, cast, get_args

from langgraph.types import Command, Interrupt, StateSnapshot

from agent_host.calling.answer import to_json
from agent_host.types.identifier import QuestionId
from agent_host.types.json import JsonObject
from agent_host.types.question import Answer, Question, QuestionKind

BREAKPOINT: Final = QuestionId("breakpoint")
_PROMPTS: Final = ("prompt", "question", "message")
_KINDS: Final = get_args(QuestionKind)

# Of any node names: LangGraph types a command by them.
Resumption: TypeAlias = Command[Any] | None


def to_questions(snapshot: StateSnapshot) -> tuple[Question, ...]:
    """One question per interrupt, under the interrupt's id; none when the graph is done.

    An interrupt's value is the prompt where it is text. Of a dictionary `prompt` (or `question`, or
    `message`), `schema` and `kind` are taken; the whole value stands in the metadata. A breakpoint
    (`interrupt_before`, `interrupt_after`) asks for approval to go on.
    """
    if snapshot.interrupts:
        return tuple(_to_question(interrupt) for interrupt in snapshot.interrupts)
    if not snapshot.next:
        return ()
    prompt = f"Go on with {', '.join(snapshot.next)}?"
    return (Question(id=BREAKPOINT, kind="approval", prompt=prompt, schema={"type": "boolean"}),)


def _to_question(interrupt: Interrupt[Any]) -> Question:
    value: object = interrupt.value
    said: Mapping[str, object] = {}
    if isinstance(value, Mapping):
        said = cast("Mapping[str, object]", value)
    prompts = [text for name in _PROMPTS if isinstance(text := said.get(name), str)]
    if isinstance(value, str):
        prompts.append(value)
    schema = said.get("schema", interrupt.response_schema)
    kind = said.get("kind")
    return Question(
        id=QuestionId(interrupt.id),
        prompt=prompts[0] if prompts else "The agent needs an answer to go on.",
        kind=cast("QuestionKind", kind) if kind in _KINDS else "input",
        schema=cast("JsonObject", schema) if isinstance(schema, dict) else None,
        metadata={"value": to_json(interrupt.value)},
    )


def is_refused(answer: Answer) -> bool:
    """Whether the answer to a breakpoint is that the graph must not go on."""
    return answer.values.get(BREAKPOINT, True) is not True


def to_resumption(answer: Answer) -> Resumption:
    """What to run the graph with, so that it goes on with the answer."""
    if BREAKPOINT in answer.values:
        return None
    return Command(resume={str(question): value for question, value in answer.values.items()})


__all__ = ["BREAKPOINT", "Resumption", "is_refused", "to_questions", "to_resumption"]
