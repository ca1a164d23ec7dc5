"""What a run leaves behind when it ends."""

from dataclasses import dataclass, field

from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.message import Message
from agent_host.types.part import Part
from agent_host.types.quick_init import maker, quick_init


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the run spent on models. Counts are tokens, except `requests`."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0
    requests: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_input_tokens=self.cached_input_tokens + other.cached_input_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            requests=self.requests + other.requests,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A named product of the run, whole. It was streamed as `ArtifactChunk`s."""

    id: str
    parts: tuple[Part, ...]
    name: str | None = None
    description: str | None = None
    metadata: JsonObject = field(default_factory=dict[str, JsonValue])


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """`value` is a structured answer, `outputs` a workflow's outputs by step id.

    `messages` are what the target added to the conversation, tool traffic included.
    """

    messages: tuple[Message, ...] = ()
    value: JsonValue = None
    outputs: JsonObject = field(default_factory=dict[str, JsonValue])
    artifacts: tuple[Artifact, ...] = ()
    usage: Usage | None = None
    metadata: JsonObject = field(default_factory=dict[str, JsonValue])

    @property
    def text(self) -> str:
        """The assistant's text, messages joined by a blank line."""
        texts = [message.text for message in self.messages if message.role == "assistant"]
        return "\n\n".join(filter(None, texts))

    @staticmethod
    def of_text(text: str) -> "RunResult":
        """A result of one assistant message."""
        return _make_result(messages=(Message.assistant(text),))


_make_result = maker(RunResult)

__all__ = ["Artifact", "RunResult", "Usage"]
