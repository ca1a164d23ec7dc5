"""What a run asks of a person (or of its caller) and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from agent_host.types.identifier import QuestionId
from agent_host.types.json import JsonObject, JsonValue

UNASSIGNED: Final = QuestionId("")
QuestionKind: TypeAlias = Literal["input", "approval", "auth", "client_tool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing that must be known before the run goes on.

    `kind` is `input` (free or by `schema`), `approval` (yes or no to an action), `auth` (the
    person must sign in somewhere) or `client_tool` (the caller runs the tool named in `metadata`
    and hands back its output). `schema` is a JSON Schema for the value. `id` is `UNASSIGNED` until
    the engine gives it one; a target may choose its own, unique within its run.
    """

    prompt: str
    kind: QuestionKind = "input"
    schema: JsonObject | None = None
    id: QuestionId = UNASSIGNED
    metadata: JsonObject = field(default_factory=dict[str, JsonValue])


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The values for every question that was open, by question id."""

    values: Mapping[QuestionId, JsonValue]

    @property
    def value(self) -> JsonValue:
        """The value of the only question.

        Raises:
            ValueError: more than one question was open; read `values`.
        """
        (only,) = self.values.values()
        return only


__all__ = ["UNASSIGNED", "Answer", "Question", "QuestionKind"]
