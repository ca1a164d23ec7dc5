"""An artifact of an agent elsewhere, as far as it has come. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from agent_host.agents.remote_a2a.message_form import Fields
from agent_host.agents.remote_a2a.part_form import to_parts
from agent_host.agents.remote_a2a.reply_form import as_object
from agent_host.types.event import ArtifactChunk
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.part import Part, TextPart
from agent_host.types.result import Artifact


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """The artifact `id`, with all of its parts so far. Text is not joined: it comes by the word."""

    id: str
    parts: list[Part]
    name: str | None = None
    description: str | None = None
    metadata: JsonObject = field(default_factory=dict[str, JsonValue])

    @classmethod
    def of(cls, fields: Fields) -> Self:
        """What somebody sent; without an id it is called `artifact`."""
        artifact_id, name = fields.get("artifactId"), fields.get("name")
        description = fields.get("description")
        return cls(
            id=artifact_id if isinstance(artifact_id, str) and artifact_id else "artifact",
            parts=[*to_parts(fields.get("parts"))],
            name=name if isinstance(name, str) and name else None,
            description=description if isinstance(description, str) and description else None,
            metadata=as_object(fields.get("metadata")),
        )

    def extended(self, more: Self) -> Self:
        """With more parts behind. It takes the list over: whoever has the old piece has the new."""
        self.parts.extend(more.parts)
        return replace(
            self,
            name=more.name or self.name,
            description=more.description or self.description,
            metadata={**self.metadata, **more.metadata},
        )

    def chunk(self, parts: Sequence[Part], *, append: bool, last: bool) -> ArtifactChunk:
        """The event by which it is told."""
        return ArtifactChunk(
            artifact_id=self.id,
            parts=tuple(parts),
            name=self.name,
            description=self.description,
            append=append,
            last=last,
            metadata=self.metadata,
        )

    def artifact(self) -> Artifact:
        """The whole of it."""
        return Artifact(
            id=self.id,
            parts=tuple(joined(self.parts)),
            name=self.name,
            description=self.description,
            metadata=self.metadata,
        )


def joined(parts: Sequence[Part]) -> list[Part]:
    """The parts, neighbours of text made one, and empty text left out."""
    whole: list[Part] = []
    texts: list[str] = []
    for part in parts:
        if isinstance(part, TextPart):
            texts.append(part.text)
            continue
        _flush(texts, whole)
        whole.append(part)
    _flush(texts, whole)
    return whole


def rest_of(told: Sequence[Part], parts: Sequence[Part]) -> list[Part] | None:
    """What of `parts` was not told yet; None if what was told is not how they begin."""
    before, whole = joined(told), joined(parts)
    if not before:
        return whole
    *head, last = before
    if whole[: len(head)] != head or len(whole) <= len(head):
        return None
    here, behind = whole[len(head)], whole[len(before) :]
    if here == last:
        return behind
    if not (isinstance(here, TextPart) and isinstance(last, TextPart)):
        return None
    if not here.text.startswith(last.text):
        return None
    return [TextPart(text=here.text[len(last.text) :]), *behind]


def _flush(texts: list[str], whole: list[Part]) -> None:
    text = "".join(texts)
    texts.clear()
    if text:
        whole.append(TextPart(text=text))


__all__ = ["Piece", "joined", "rest_of"]
