"""The project's documents, cut into blocks and links. Reads files and runs nothing.

Fenced blocks in `bash` are run against a served host. Those in `python` are run as they stand, or
only compiled where `no-run: the reason` stands behind the word. Those in `sh` are not run, but the
commands they name must exist.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
NO_RUN = "no-run"

_FENCE = re.compile(r"^```(\w+)[ \t]*([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_ANY_FENCE = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block. `note` is what stands behind the language; `line` is that of its code."""

    line: int
    language: str
    note: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One Markdown file, by its path from the root of the repository."""

    path: str

    def __str__(self) -> str:
        return self.path

    @property
    def text(self) -> str:
        """All of it."""
        return (ROOT / self.path).read_text("utf-8")

    def blocks(self, language: str) -> Sequence[Block]:
        """The blocks in that language, in order."""
        text = self.text
        return [
            Block(
                line=text.count("\n", 0, found.start(3)) + 1,
                language=found[1],
                note=found[2].strip(),
                code=found[3],
            )
            for found in _FENCE.finditer(text)
            if found[1] == language
        ]

    @property
    def links(self) -> Sequence[str]:
        """Where its links lead, those within code left out."""
        return _LINK.findall(_CODE.sub("", _ANY_FENCE.sub("", self.text)))

    @property
    def anchors(self) -> frozenset[str]:
        """What can stand behind `#`, as GitHub makes it of the headings."""
        headings = _HEADING.findall(_ANY_FENCE.sub("", self.text))
        return frozenset(
            _NOT_IN_ANCHORS.sub("", heading.lower()).replace(" ", "-") for heading in headings
        )

    def rows(self, heading: str) -> Sequence[Sequence[str]]:
        """The cells of the first table under a heading, its head left out."""
        section = self.text.partition(f"# {heading}\n")[2]
        table = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)
        lines = table[0].splitlines()[2:] if table else []
        return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _found(pattern: str) -> list[Page]:
    return [Page(path=path.relative_to(ROOT).as_posix()) for path in sorted(ROOT.glob(pattern))]


README = Page(path="README.md")
CONCEPTS = Page(path="docs/concepts.md")
CONFIGURATION = Page(path="docs/configuration.md")
OPERATOR_PAGES = (
    README,
    CONCEPTS,
    Page(path="docs/serving.md"),
    Page(path="docs/channels/rest.md"),
    *_found("docs/operations/*.md"),
    *_found("docs/security/*.md"),
)
PAGES = (README, *_found("docs/**/*.md"), *_found("examples/*.md"))
LINKED_PAGES = (*PAGES, Page(path="CHANGELOG.md"), *_found("channels/*/README.md"))
