"""What a target says of itself. Channels build cards, model lists and documents from it."""

from dataclasses import dataclass, field

from agent_host.types.json import JsonObject, JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCapabilities:
    """What the engine may count on.

    `streams`: it yields deltas before its answer. `keeps_history`: it remembers the conversation
    itself (by session id), so the host loads none. `steers`: it reads `turn.steering` while it
    runs. `resumes`: it may be run again with `turn.answer` after an `InputRequired`, in another
    process too; others wait in memory at their `yield`. `rerunnable`: running it again after a
    crash does no harm. `checkpoints`: it keeps its progress in `turn.checkpoints` where it is given
    them; the engine then counts on `resumes`, and after a crash runs it again to go on from there.
    """

    streams: bool = False
    keeps_history: bool = False
    steers: bool = False
    resumes: bool = False
    rerunnable: bool = False
    checkpoints: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """One thing the target can do: a tool it has, a step of its workflow."""

    id: str
    name: str
    description: str = ""
    input_schema: JsonObject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetDescription:
    """`name` is short and fit for a URL and a model list; schemas are JSON Schema."""

    name: str
    description: str = ""
    version: str = "0"
    skills: tuple[Skill, ...] = ()
    input_schema: JsonObject | None = None
    output_schema: JsonObject | None = None
    metadata: JsonObject = field(default_factory=dict[str, JsonValue])


__all__ = ["Skill", "TargetCapabilities", "TargetDescription"]
