"""Cuts a Markdown text into sections: what stands under one heading, in blocks.

Enough of CommonMark 0.31 (https://spec.commonmark.org/0.31.2/) to find headings and fences; it
renders nothing and reads no files. Any text is accepted, and no line of prose is lost.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

TRAIL_SIGN: Final = " \u203a "
"""Between the headings of a trail."""

_ATX: Final = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_SETEXT: Final = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})(.*)$")
_LINK: Final = re.compile(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_MARKS: Final = re.compile(r"[`*]+|(?<!\w)_+|_+(?!\w)")
_ITEM: Final = re.compile(r"(?:[-+*]|\d{1,9}[.)])[ \t]")
_SAYS_NOTHING: Final = re.compile(r"\s*(?:<!--.*-->|([-*_])(?:[ \t]*\1){2,})\s*", re.DOTALL)
_NO_PARAGRAPH: Final = re.compile(r" {0,3}(?:[-+*>|#]|\d+[.)])|\s*$| {4}|\t")
_SIGNPOST_LINKS: Final = 3
_SIGNPOST_WORDS: Final = 16
"""No more words than this for each of its links."""
_FRONT_MATTER_ENDS: Final = {"---": ("---", "..."), "+++": ("+++",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A paragraph, list item, table or fenced code, as written. `line` counts from 1."""

    text: str
    line: int

    @property
    def end(self) -> int:
        """The line behind it."""
        return self.line + self.text.count("\n") + 1

    @property
    def is_code(self) -> bool:
        """Whether it is a fence."""
        return _opens_fence(self.text.partition("\n")[0])

    @property
    def is_item(self) -> bool:
        """Whether it is one point of a list."""
        return _ITEM.match(self.text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The blocks under one heading.

    `headings` are its own and those above it, outermost first, without markup; empty for what
    stands before the first heading. `line` is the heading's, from 1.
    """

    path: str
    headings: tuple[str, ...]
    line: int
    blocks: tuple[Block, ...]

    @property
    def heading(self) -> str:
        """Where in its file it is, to be read by people."""
        return TRAIL_SIGN.join(self.headings)

    @property
    def text(self) -> str:
        """All blocks, as written."""
        return join_blocks(self.blocks)

    @property
    def is_signpost(self) -> bool:
        """Whether it mostly says where else to read: a table of contents answers nothing itself."""
        text = self.text
        links = len(_LINK.findall(text))
        return links >= _SIGNPOST_LINKS and links * _SIGNPOST_WORDS >= len(text.split())


def join_blocks(blocks: Sequence[Block]) -> str:
    """Blocks of one section as text, with a blank line where the file has one."""
    pieces: list[str] = []
    end = 0
    for block in blocks:
        if pieces:
            pieces.append("\n" if block.line == end else "\n\n")
        pieces.append(block.text)
        end = block.end
    return "".join(pieces)


def sections_of(text: str, *, path: str) -> tuple[Section, ...]:
    """The sections of one file that have any text, in order."""
    lines = text.removeprefix("\ufeff").splitlines()
    found: list[Section] = []
    trail: list[tuple[int, str]] = []
    opened_at = 1
    blocks: list[Block] = []

    def close() -> None:
        if blocks:
            found.append(
                Section(
                    path=path,
                    headings=tuple(title for _, title in trail),
                    line=opened_at,
                    blocks=tuple(blocks),
                )
            )
            blocks.clear()

    for piece in _pieces(lines, start=_front_matter_length(lines)):
        if isinstance(piece, Block):
            if not _SAYS_NOTHING.fullmatch(piece.text):
                blocks.append(piece)
            continue
        close()
        while trail and trail[-1][0] >= piece.level:
            trail.pop()
        if piece.title:
            trail.append((piece.level, piece.title))
        opened_at = piece.line
    close()
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heading:
    level: int
    title: str
    line: int


def _pieces(lines: list[str], *, start: int) -> Iterator[Block | _Heading]:
    """Headings and blocks in order."""
    pending: list[str] = []

    def block(end: int) -> Iterator[Block]:
        """What is pending, which ends before the line `end`, counted from 0."""
        if pending:
            yield Block(text="\n".join(pending).rstrip(), line=end - len(pending) + 1)
            pending.clear()

    number = start
    while number < len(lines):
        line = lines[number]
        if _opens_fence(line):
            yield from block(number)
            start, number = number, _fence_end(lines, number)
            pending.extend(lines[start:number])
            yield from block(number)
            continue
        if _underlines(pending, line):
            title = " ".join(part.strip() for part in pending)
            level = 1 if line.lstrip().startswith("=") else 2
            yield _Heading(level=level, title=_plain(title), line=number - len(pending) + 1)
            pending.clear()
        elif (atx := _ATX.match(line)) is not None:
            yield from block(number)
            level, title = len(atx.group(1)), atx.group(2) or ""
            yield _Heading(level=level, title=_plain(title), line=number + 1)
        elif line.strip():
            if _ITEM.match(line):
                yield from block(number)
            pending.append(line)
        else:
            yield from block(number)
        number += 1
    yield from block(number)


def _opens_fence(line: str) -> bool:
    fence = _FENCE.match(line)
    # Backticks in what follows the opening ones make it inline code, not a fence (§4.5).
    return fence is not None and not (fence.group(1)[0] == "`" and "`" in fence.group(2))


def _fence_end(lines: list[str], start: int) -> int:
    """The line behind the fence that opens at `start`; one that is never closed runs to the end."""
    opening = _FENCE.match(lines[start])
    mark = opening.group(1) if opening else ""
    for number in range(start + 1, len(lines)):
        closing = _FENCE.match(lines[number])
        if closing and closing.group(1).startswith(mark) and not closing.group(2).strip():
            return number + 1
    return len(lines)


def _underlines(pending: list[str], line: str) -> bool:
    return (
        bool(pending)
        and _SETEXT.match(line) is not None
        and not any(_NO_PARAGRAPH.match(earlier) for earlier in pending)
    )


def _front_matter_length(lines: list[str]) -> int:
    ends = _FRONT_MATTER_ENDS.get(lines[0].rstrip()) if lines else None
    if ends is None:
        return 0
    for number, line in enumerate(lines[1:], start=2):
        if line.rstrip() in ends:
            return number
    return 0


def _plain(title: str) -> str:
    return _MARKS.sub("", _LINK.sub(r"\1", title)).strip()


__all__ = ["TRAIL_SIGN", "Block", "Section", "join_blocks", "sections_of"]
