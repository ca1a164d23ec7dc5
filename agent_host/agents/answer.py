"""Writes the answer: passages quoted with where they stand, or an honest word that there is none.

It decides nothing about what to look for and reads no files. Its texts are safe to show to anyone:
of the question only bare words are repeated.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from agent_host.agents.markdown_index import Hit, MarkdownIndex
from agent_host.agents.markdown_section import TRAIL_SIGN, Block, Section, join_blocks
from agent_host.agents.term import is_content, stem, terms_of, words_of
from agent_host.types import JsonObject, JsonValue

PAGE_LENGTH: Final = 3
_EXCERPT_LENGTH: Final = 420
_QUOTE_LENGTH: Final = 800
_SECTION_LENGTH: Final = 1_600
_WHOLE_LENGTH: Final = 20_000
_TOPIC_LIMIT: Final = 8
_WORD_LIMIT: Final = 3
_WORD_LENGTH: Final = 40
_CHUNK_LENGTH: Final = 16
_CHUNK: Final = re.compile(r"\S*\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A place in the documents; `line` counts from 1, `number` is the label people see."""

    number: int
    path: str
    heading: str
    line: int
    score: float

    @property
    def label(self) -> str:
        """The citation as a line of an answer."""
        where = f"{self.path}{TRAIL_SIGN}{self.heading}" if self.heading else self.path
        return f"[{self.number}] {where} (line {self.line})"

    def to_json(self) -> JsonObject:
        """The citation as part of a structured answer."""
        return {
            "path": self.path,
            "heading": self.heading,
            "line": self.line,
            "score": self.score,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenAnswer:
    """What is said, and the same for programs."""

    text: str
    citations: tuple[Citation, ...] = ()
    suggestions: tuple[str, ...] = ()

    @property
    def value(self) -> JsonObject:
        """The structured answer."""
        citations: list[JsonValue] = [citation.to_json() for citation in self.citations]
        return {"citations": citations, "suggestions": list(self.suggestions)}


def quote_page(hits: Sequence[Hit], *, terms: frozenset[str], page: int) -> WrittenAnswer:
    """The passages of one page, each cut down to what answers, and what can be asked next."""
    first = page * PAGE_LENGTH
    shown = hits[first : first + PAGE_LENGTH]
    if not shown:
        total = _count(len(hits), "passage")
        return WrittenAnswer(text=f"That was all: I found {total} on this.")
    citations: list[Citation] = []
    pieces: list[str] = []
    for number, hit in enumerate(shown, start=first + 1):
        blocks = _excerpt(hit.section, terms)
        citation = _cite(hit, number, line=blocks[0].line)
        citations.append(citation)
        pieces.append(f"{_joined(blocks, _QUOTE_LENGTH)}\n\n— {citation.label}")
    left = len(hits) - first - len(shown)
    pieces.append(_invitation(first + 1, len(shown), left))
    return WrittenAnswer(text="\n\n".join(pieces), citations=tuple(citations))


def quote_section(hits: Sequence[Hit], *, number: int, whole: bool) -> WrittenAnswer:
    """One of the passages with all of its section, `whole` up to a page or two of text."""
    if number > len(hits):
        there_are = "is only 1 passage" if len(hits) == 1 else f"are only {len(hits)} passages"
        return WrittenAnswer(text=f"There {there_are} on this, so no number {number}.")
    hit = hits[number - 1]
    citation = _cite(hit, number, line=hit.section.line)
    limit = _WHOLE_LENGTH if whole else _SECTION_LENGTH
    text = _joined(hit.section.blocks, limit)
    pieces = [text, f"— {citation.label}"]
    if len(hit.section.text) > limit:
        rest = f"The rest is in {hit.section.path}." if whole else "Say “in full” for the rest."
        pieces.append(rest)
    return WrittenAnswer(text="\n\n".join(pieces), citations=(citation,))


def locate(hits: Sequence[Hit], *, terms: frozenset[str], numbers: Sequence[int]) -> WrittenAnswer:
    """Only where the passages with these numbers stand."""
    citations = tuple(
        _cite(hits[number - 1], number, line=_excerpt(hits[number - 1].section, terms)[0].line)
        for number in numbers
        if number <= len(hits)
    )
    listed = "\n".join(f"- {citation.label}" for citation in citations)
    return WrittenAnswer(text=f"It is written here:\n\n{listed}", citations=citations)


def nothing_found(index: MarkdownIndex, question: str) -> WrittenAnswer:
    """That the documents do not answer the question, and which of their words look like its own."""
    lack, suggestions = _lack(index, question)
    opening = " ".join(filter(None, ("I found nothing in the documents that answers this.", lack)))
    closing = _did_you_mean(suggestions) if suggestions else _topics(index)
    return WrittenAnswer(text=f"{opening}\n\n{closing}", suggestions=suggestions)


def hedged(answer: WrittenAnswer, index: MarkdownIndex, question: str) -> WrittenAnswer:
    """The answer, after a word on what of the question the documents do not mention."""
    lack, suggestions = _lack(index, question)
    if not lack:
        return answer
    closest = "The closest I found:"
    opening = " ".join(filter(None, (lack, _did_you_mean(suggestions), closest)))
    return replace(answer, text=f"{opening}\n\n{answer.text}", suggestions=suggestions)


def welcome(index: MarkdownIndex, *, greeting: bool) -> WrittenAnswer:
    """What this agent does and what can be asked."""
    opening = "Hello! " if greeting else ""
    text = (
        f"{opening}I answer questions from {_count(len(index.documents), 'Markdown document')} by "
        "looking up the passages and quoting them. I use no language model, so plain words of the "
        "subject work best. Then ask on: “and the second one?”, “more”, “show it in full”, "
        "“what about …?”, “where does it say that?”."
    )
    return WrittenAnswer(text=f"{text}\n\n{_topics(index)}")


def unclear(*, asked_before: bool) -> WrittenAnswer:
    """That the message has no word to look for."""
    if asked_before:
        return WrittenAnswer(
            text="I need a word to look for, as in “what about …?”. You can also say “more”, "
            "“the second one” or “where does it say that?”."
        )
    return WrittenAnswer(text="What would you like to know? Name the subject, or say “help”.")


def thanked() -> WrittenAnswer:
    """The end of a conversation, or nearly."""
    return WrittenAnswer(text="You are welcome. Ask on whenever you like.")


def chunks_of(text: str) -> Iterator[str]:
    """The text in pieces of a few words; joined they are the text."""
    chunk = ""
    for match in _CHUNK.finditer(text):
        chunk += match.group()
        if len(chunk) >= _CHUNK_LENGTH:
            yield chunk
            chunk = ""
    if chunk:
        yield chunk


def _lack(index: MarkdownIndex, question: str) -> tuple[str, tuple[str, ...]]:
    """A sentence on the words that no document has, if there are any, and words like them."""
    asked = [word for word in dict.fromkeys(words_of(question)) if is_content(word)]
    unknown = [word for word in asked if not index.knows(stem(word))][:_WORD_LIMIT]
    if not unknown:
        return "", ()
    named = " or ".join(f"“{word[:_WORD_LENGTH]}”" for word in unknown)
    near = dict.fromkeys(near for word in unknown for near in index.suggest(word[:_WORD_LENGTH]))
    return f"The documents do not mention {named}.", tuple(near)


def _did_you_mean(suggestions: Sequence[str]) -> str:
    near = " or ".join(f"“{word}”" for word in suggestions)
    return f"Did you mean {near}?" if near else ""


def _cite(hit: Hit, number: int, *, line: int) -> Citation:
    return Citation(
        number=number,
        path=hit.section.path,
        heading=hit.section.heading,
        line=line,
        score=hit.score,
    )


def _excerpt(section: Section, terms: frozenset[str]) -> tuple[Block, ...]:
    """The block with most of the terms, code with the words that introduce it, and what follows."""
    blocks = section.blocks
    shares = [len(terms.intersection(terms_of(block.text))) for block in blocks]
    start = end = shares.index(max(shares))
    if start > 0 and blocks[start].is_code:
        start -= 1
    length = sum(len(block.text) for block in blocks[start : end + 1])
    for block, share in zip(blocks[end + 1 :], shares[end + 1 :], strict=True):
        length += len(block.text)
        introduced = block.is_code and blocks[end].text.endswith(":")
        beside_the_point = blocks[end].is_item and not share
        if not introduced and (length > _EXCERPT_LENGTH or beside_the_point):
            break
        end += 1
    return blocks[start : end + 1]


def _joined(blocks: Sequence[Block], limit: int) -> str:
    text = join_blocks(blocks)
    if len(text) <= limit:
        return text
    cut = text.rfind("\n", limit // 2, limit)
    if cut < 0:
        cut = text.rfind(" ", limit // 2, limit)
    kept = text[: cut if cut > 0 else limit].rstrip()
    fences = sum(line.lstrip().startswith(("```", "~~~")) for line in kept.splitlines())
    return f"{kept}\n```\n\n…" if fences % 2 else f"{kept} …"


def _invitation(first: int, shown: int, left: int) -> str:
    offers: list[str] = []
    if shown > 1:
        offers.append(f"“show number {first + 1} in full”")
    else:
        offers.append("“show it in full”")
    if left:
        offers.append(f"“more” ({left} left)")
    return f"Ask on: {', '.join(offers)} or “what about …?”."


def _topics(index: MarkdownIndex) -> str:
    documents = index.documents
    if not documents:
        return "There are no documents in the folder yet."
    listed = "\n".join(f"- {title} ({path})" for path, title in documents[:_TOPIC_LIMIT])
    more = len(documents) - _TOPIC_LIMIT
    rest = f"\n- and {_count(more, 'other')}" if more > 0 else ""
    return f"The documents are about:\n\n{listed}{rest}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


__all__ = [
    "PAGE_LENGTH",
    "Citation",
    "WrittenAnswer",
    "chunks_of",
    "hedged",
    "locate",
    "nothing_found",
    "quote_page",
    "quote_section",
    "thanked",
    "unclear",
    "welcome",
]
